"""Every subject is asked what Hypothesis would ask it, whether Hypothesis is asked or not."""

from __future__ import annotations

import contextlib
import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from adapters import transport
from adapters.base import Adapter, Case, Outcome, Subject
from adapters.numpy import NumPy
from conformance import backends, cases, plan, profiles, suite
from conformance.clauses import CLAUSES
from conformance.examination import Examination, Nonconformance, clause
from conformance.replay import SCRIPTS, Questions, Script

#: What is asked by other means than the examples of a stratum, or takes long and has few examples.
LONG = {name for name in CLAUSES if name.endswith((".many", ".every"))} | {"BN.running.sequence"}


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    before = profiles.chosen()
    profiles.choose("ci")  # whatever a run in this process chose before
    SCRIPTS.clear()
    yield
    SCRIPTS.clear()
    SCRIPTS.off = False
    profiles.choose(before)


@pytest.fixture
def quick() -> Iterator[None]:
    before = profiles.chosen()
    profiles.choose("quick")
    yield
    profiles.choose(before)


class Listening(NumPy):
    """The control, and every question that it was asked."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def ask(self, subject: Subject, case: Case) -> Outcome:
        self.heard.append(transport.dumps((subject, case)))
        return super().ask(subject, case)


def asked(adapter: Adapter, name: str, take: Callable[[Subject], bool]) -> tuple[list[bytes], list[Any]]:
    """Every question of a clause, in order, and what the records came to without the seconds."""
    records = []
    for entry in plan.entries(CLAUSES[name], [adapter]):
        if take(entry.subject):
            exam = Examination(entry.clause, entry.subject, adapter, entry.activation, peers=(NumPy(),))
            with contextlib.suppress(Nonconformance):
                suite.tests()[name](exam)
            told = {
                key: value for key, value in vars(exam.record).items() if key not in ("framework_seconds", "deaths")
            }
            records.append(repr(told))
    heard = adapter.heard  # type: ignore[attr-defined]
    return heard, records


@pytest.fixture
def replays(monkeypatch: pytest.MonkeyPatch) -> list[Script]:
    """The scripts that were put to the end."""
    done: list[Script] = []
    put = Script.put

    def watched(self: Script, ask: Callable[[Questions], None]) -> None:
        put(self, ask)
        done.append(self)

    monkeypatch.setattr(Script, "put", watched)
    return done


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", sorted(set(CLAUSES) - LONG))
def test_every_clause_asks_the_same(name: str, replays: list[Script]) -> None:
    def take(subject: Subject) -> bool:
        return subject.dtype in ("float32", "float16")

    SCRIPTS.off = True
    anew = asked(Listening(), name, take)
    assert not replays
    SCRIPTS.off = False
    assert asked(Listening(), name, take) == anew


def test_what_is_asked_for_the_second_time_is_replayed(replays: list[Script]) -> None:
    adapter = Listening()
    for _ in range(2):
        asked(adapter, "BN.train.grad", lambda subject: subject.dtype in ("float32", "float64"))
    assert len(replays) == 3 * len(cases.SQUARED)
    half = len(adapter.heard) // 2
    assert adapter.heard[:half] == adapter.heard[half:]


def test_many_examples_are_the_same_too(replays: list[Script], monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond ten examples Hypothesis makes new ones of the parts of old ones that look alike."""
    monkeypatch.setattr(profiles, "_chosen", "deep")
    names = ("LN.special", "BN.channels-independent")
    SCRIPTS.off = True
    anew = [asked(Listening(), name, lambda subject: subject.dtype in ("float32", "float64")) for name in names]
    SCRIPTS.off = False
    assert [asked(Listening(), name, lambda subject: subject.dtype in ("float32", "float64")) for name in names] == anew
    assert replays


def numbers(exam: Examination) -> st.SearchStrategy[int]:
    """Other ones for float64."""
    return st.integers(0, 100 if exam.dtype == "float32" else 7)


def examined(test: Any, dtype: str = "float32", adapter: Adapter | None = None) -> Examination:
    exam = Examination(CLAUSES["LN.output"], Subject("numpy", "control", dtype=dtype), adapter or NumPy())
    test(exam)
    return exam


def test_other_strategies_are_other_questions(replays: list[Script]) -> None:
    drawn: list[int] = []

    @clause("LN.output", regimes=("one",))
    def test(exam: Examination, data: Questions) -> None:
        exam.record.examples += 1
        drawn.append(data.draw(st.integers(0, 3)) + 1000 * data.draw(numbers(exam)))

    asked = []
    for dtype in ("float32", "float64", "float32", "float64"):
        drawn.clear()
        assert examined(test, dtype).record.examples == profiles.EXAMPLES["ci"]
        asked.append(list(drawn))
    assert len(replays) == 2
    assert asked[:2] == asked[2:]
    assert max(asked[0]) > 8000 > max(asked[1])


def test_global_random_numbers_are_the_same() -> None:
    drawn: list[tuple[float, float]] = []

    @clause("LN.output", regimes=("one",))
    def test(exam: Examination, data: Questions) -> None:
        exam.record.examples += 1
        data.draw(st.integers())
        drawn.append((random.random(), float(np.random.random())))

    before = random.getstate()
    for _ in range(2):
        examined(test)
    assert len(set(drawn)) == 1
    assert random.getstate() == before


def test_a_failure_is_found_by_hypothesis() -> None:
    @clause("LN.output", regimes=("one",))
    def test(exam: Examination, data: Questions) -> None:
        exam.record.examples += 1
        exam.record.statistics.append({})
        case = data.draw(cases.layer_norms(exam.dtype, exam.dialect, regime="normal"), label="case")
        wrong = exam.adapter.name == "wrong" and case.x.ndim > 1
        exam.require(not wrong, case, "more than one axis")

    class Wrong(NumPy):
        name = "wrong"

    found = []
    for known in (False, True):
        SCRIPTS.clear()
        if known:
            examined(test)
        exam = Examination(CLAUSES["LN.output"], Subject("numpy", "control"), Wrong())
        with pytest.raises(Nonconformance) as alarm:
            test(exam)
        found.append((str(alarm.value), alarm.value.finding, exam.record.examples, len(exam.record.statistics)))
    assert found[0] == found[1]


def test_a_failure_that_does_not_come_again_is_told() -> None:
    failures = iter([False] * profiles.EXAMPLES["ci"] + [False, True] + [False] * 100)

    @clause("LN.output", regimes=("one",))
    def test(exam: Examination, data: Questions) -> None:
        exam.record.examples += 1
        case = data.draw(cases.layer_norms(exam.dtype, exam.dialect, regime="normal"), label="case")
        exam.require(not next(failures), case, "by chance")

    examined(test)
    with pytest.raises(Nonconformance, match="by chance"):
        examined(test)


def test_a_case_that_was_written_over_is_made_again(replays: list[Script]) -> None:
    seen: list[bytes] = []

    @clause("LN.output", regimes=("one",))
    def test(exam: Examination, data: Questions) -> None:
        exam.record.examples += 1
        case = data.draw(cases.layer_norms(exam.dtype, exam.dialect, regime="normal"), label="case")
        seen.append(transport.dumps(case))
        case.x.flags.writeable = True
        case.x[...] = 7

    for _ in range(3):
        examined(test)
    count = profiles.EXAMPLES["ci"]
    assert len(replays) == 2
    assert len(seen) == 3 * count
    assert seen[:count] == seen[count : 2 * count] == seen[2 * count :]


def test_strategies_of_the_same_arguments_are_the_same() -> None:
    make = lambda **how: cases.dropouts("float32", training=True, **how)  # noqa: E731
    assert make(rate=1.0) is make(rate=1.0)
    assert make(rate=1.0) is not make(rate=1)
    assert make() is not cases.dropouts("float64", training=True)


@pytest.mark.parametrize("name", ["BN.eval.pure", "LN.special", "BN.train.output"])
def test_subjects_of_torch_are_asked_the_same(name: str, replays: list[Script]) -> None:
    pytest.importorskip("torch")
    adapter = backends.adapter("torch")
    adapter.prepare("cpu")
    found: list[list[bytes]] = []
    for off in (True, False):
        SCRIPTS.off = off
        found.append([])
        entries = [
            entry
            for entry in plan.entries(CLAUSES[name], [adapter])
            if entry.subject.mode in ("eager", "vmap") and entry.subject.dtype in ("float32", "float64")
        ]
        for entry in itertools.islice(entries, 8):
            exam = Examination(entry.clause, entry.subject, adapter, entry.activation)
            put = exam.put

            def listen(subject: Subject, case: Case, peer: Any = None, put: Any = put) -> Outcome:
                found[-1].append(transport.dumps((subject, case)))
                outcome: Outcome = put(subject, case, peer)
                return outcome

            exam.put = listen  # type: ignore[method-assign]
            with contextlib.suppress(Nonconformance):
                suite.tests()[name](exam)
    assert found[0] == found[1]
    assert replays
