"""results.json: what is written is read back, a failed write loses nothing, a damaged file is refused in one line."""

from __future__ import annotations

import copy
import io
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from adapters.base import AXES
from conformance import backends, bernoulli, results
from conformance.clauses import CLAUSES
from conformance.report import ledger, table
from conformance.results import Results, ResultsError

FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)

COUNTS = st.integers(0, 2**40)
NUMBERS = st.floats(0, 1e300) | st.just(float("inf")) | st.just(float("nan"))
TEXT = st.text(max_size=20)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
TESTS = st.fixed_dictionaries({"false_alarm": NUMBERS, "detectable_shift": NUMBERS, "count": COUNTS})
ULPS = st.fixed_dictionaries({"ulps": NUMBERS, "x": st.none() | NUMBERS, "got": NUMBERS, "expected": NUMBERS})
ELEMENT = {"output": TEXT, "regime": TEXT, "index": st.lists(COUNTS, max_size=3)}
#: What a judge's finding holds, with the types that the schema asks for.
FINDINGS = st.fixed_dictionaries(
    {}, optional={**ELEMENT, "case": TEXT, "message": TEXT, "got": NUMBERS, "ratio": NUMBERS, "grade": TEXT}
)
ROWS = st.fixed_dictionaries(
    {
        "clause": st.sampled_from(sorted(CLAUSES)) | TEXT,
        "subject": st.fixed_dictionaries({axis: st.sampled_from(["numpy", "torch"]) | TEXT for axis in AXES}),
        "activation": st.none() | TEXT,
        "verdict": st.sampled_from(results.VERDICTS),
        "grade": st.none() | TEXT,
        "examples": COUNTS,
        "elements": COUNTS,
        "undecided": COUNTS,
        "worst": NUMBERS,
        "worst_small": NUMBERS,
        "seconds_framework": st.floats(0, 1e6),
        "seconds_total": st.floats(0, 1e6),
        "counterexample": st.none() | FINDINGS,
        "deviations": st.dictionaries(TEXT, FINDINGS, max_size=2),
        "unsupported": st.lists(TEXT, max_size=2),
        "statistics": st.lists(TESTS, max_size=2),
        "ulps": st.dictionaries(st.sampled_from(["y", "dx"]), ULPS, max_size=2),
        "message": st.none() | TEXT,
        "element": st.none()
        | st.fixed_dictionaries({**ELEMENT, "got": NUMBERS, "expected": NUMBERS, "bound": NUMBERS}),
        "spread": st.lists(COUNTS, max_size=11),
        "offsets": st.dictionaries(TEXT, st.fixed_dictionaries({"error": NUMBERS, "bound": NUMBERS}), max_size=2),
    }
)


def described(**changes: Any) -> dict[str, Any]:
    """The description of a run that is complete."""
    return {
        "started": results.now(),
        "finished": results.now(),
        "complete": True,
        "profile": "ci",
        "seed": 0,
        "backends": ["numpy"],
        "missing": {"jax": "jax not installed"},
        "records": {"doubled": {"kind": "defect", "severity": "wrong-result", "reason": "Twice. Always."}},
        "false_alarm": {"run": bernoulli.LEDGER, "each": 1e-12},
        "environment": results.environment([backends.adapter("numpy")]),
        "seconds": 1.5,
        "stale": [],
        **changes,
    }


def row(verdict: str = "pass", clause: str = "BN.train.output", **changes: Any) -> dict[str, Any]:
    subject = {"backend": "numpy", "api": "control", "mode": "eager", "device": "cpu", "dtype": "float32"}
    counts = {"examples": 8, "elements": 100, "undecided": 0, "seconds_framework": 0.1, "seconds_total": 0.2}
    return {
        "clause": clause,
        "subject": subject,
        "activation": None,
        "verdict": verdict,
        "grade": "stable",
        "worst": 0.41,
        "worst_small": 0.4,
        "counterexample": None,
        "deviations": {},
        "unsupported": [],
        "statistics": [],
        "ulps": {},
        "message": None,
        "element": None,
        "spread": [],
        "offsets": {},
        **counts,
        **changes,
    }


def drawn(found: Results) -> str:
    output = io.StringIO()
    table.draw(found, Console(file=output, width=80))
    return output.getvalue()


@FOLDER
@given(rows=st.lists(ROWS, max_size=3), seconds=NUMBERS)
def test_round_trip(rows: list[dict[str, Any]], seconds: float, tmp_path: Path) -> None:
    written = Results(described(seconds=seconds), rows, tmp_path / "results.json")
    written.write()
    read = results.load(tmp_path / "results.json")
    assert json.dumps(read.document()) == json.dumps(written.document())
    assert drawn(read) == drawn(Results(written.run, written.document()["results"]))


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a document with every key of it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield value, key
        yield from places(item)


def refused_in_one_line(path: Path) -> bool:
    """Whether the file is refused; any error but ResultsError, and a message of more than one line, fails the test."""
    try:
        results.load(path)
    except ResultsError as error:
        told = str(error)
    else:
        return False
    assert told.startswith(f"{path}: ")
    assert "\n" not in told
    return True


@FOLDER
@given(data=st.data())
def test_a_mutated_document_is_refused_or_drawn(data: st.DataObject, tmp_path: Path) -> None:
    rows = [row(), row("fail", "ZZ", message="why"), row(statistics=[{"false_alarm": 1e-12, "detectable_shift": 0.1}])]
    rows[0]["deviations"] = {"doubled": {"ratio": "inf"}}
    held = {"file": "e.json", "added": 3, "runs": 2, "streams": 3, "against": ["a: 3 of 4"]}
    document = copy.deepcopy(Results(described(evidence=held), rows).document())
    for _ in range(data.draw(st.integers(1, 3), label="mutations")):
        every = list(places(document))
        holder, key = every[data.draw(st.integers(0, len(every) - 1), label="place")]
        if data.draw(st.booleans(), label="remove"):
            del holder[key]
        else:
            holder[key] = data.draw(JSON, label="value")
    path = tmp_path / "results.json"
    path.write_text(json.dumps(document))
    assert refused_in_one_line(path) or (drawn(results.load(path)).strip() and ledger_of(results.load(path)).strip())


def ledger_of(found: Results) -> str:
    output = io.StringIO()
    ledger.draw(found, Console(file=output, width=80))
    return output.getvalue()


@FOLDER
@given(data=st.data())
def test_damaged_bytes_are_refused_or_drawn(data: st.DataObject, tmp_path: Path) -> None:
    content = bytearray(json.dumps(Results(described(), [row()]).document(), indent=1).encode())
    start = data.draw(st.integers(0, len(content) - 1), label="start")
    content[start : data.draw(st.integers(start, len(content)), label="end")] = data.draw(st.binary(max_size=4))
    path = tmp_path / "results.json"
    path.write_bytes(content)
    assert refused_in_one_line(path) or drawn(results.load(path)).strip()


def test_the_line_of_the_damage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    Results(described(), [row()], path).write()
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([*lines[:6], "oops", *lines[7:]]))
    with pytest.raises(ResultsError, match=r"line 7: .*damaged or not JSON"):
        results.load(path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"verdict": "fine"}, "result 1: verdict: must be one of pass, deviation, fail"),
        ({"elements": -1}, "result 1: elements: must be a count of 0 to"),
        ({"elements": True}, "result 1: elements: must be integer"),
        ({"worst": "much"}, "result 1: worst: must be a number (or nan, inf, -inf as text)"),
        ({"subject": {"backend": "torch"}}, "result 1: subject: must have api, mode, device, dtype"),
        ({"statistics": [{}]}, "result 1: statistics: 0: must have detectable_shift, false_alarm"),
        ({"message": 1}, "result 1: message: must be string or null"),
    ],
)
def test_what_is_wrong_with_a_row(change: dict[str, Any], told: str, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(Results(described()).document() | {"results": [row(**change)]}))
    with pytest.raises(ResultsError) as refusal:
        results.load(path)
    assert told in str(refusal.value)


def test_a_failing_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "results.json"
    found = Results(described(), [row()], path)
    found.write()
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    found.rows.append(row("fail"))
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ResultsError, match="No space left on device; name another file with --results"):
        found.write()
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["results.json"]


def test_the_file_is_valid_after_every_row(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    found = Results(described(complete=False), [], path, interval=-1.0, share=math.inf)
    found.write()
    for number in range(3):
        found.add(row(activation=str(number)))
        assert len(results.load(path).rows) == number + 1
        assert results.load(path).run["complete"] is False
    found.finish()
    assert results.load(path).run["complete"] is True


def test_writing_takes_its_share_of_the_time_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that takes 3 seconds is followed by none for a minute."""
    clock, path = 100.0, tmp_path / "results.json"

    def slow(source: Path, target: Path) -> None:
        nonlocal clock
        clock += 3.0
        replace(source, target)

    replace = os.replace
    monkeypatch.setattr(os, "replace", slow)
    monkeypatch.setattr(results.time, "monotonic", lambda: clock)
    found = Results(described(complete=False), [], path, share=0.05)
    held = []
    for _ in range(200):
        found.add(row())
        held.append(len(results.load(path).rows))
        clock += 1.0
    writes = len(set(held))
    assert 3 <= writes <= 4  # in 200 seconds and those that the writes take
    assert held[:60] == [1] * 60
    found.finish()
    assert len(results.load(path).rows) == 200


@pytest.mark.parametrize("target", ["nowhere/results.json", "."])
def test_unwritable(target: str, tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"cannot write results to .*; name another file with --results"):
        Results(described(), [], tmp_path / target).write()
    assert list(tmp_path.iterdir()) == []


def test_cells() -> None:
    unsupported = row("unsupported", worst=0.0)
    assert table.cell([row(worst=1.0)]).plain == "ok 1 1.0"
    assert table.cell([row()] * 8).plain == "ok 8 .41"
    assert table.cell([row(worst=0.0)] * 2).plain == "ok 2"
    assert table.cell([*[row()] * 6, row("deviation", worst=0.5), unsupported]).plain == "dev 1/7 .50"
    assert table.cell([*[row()] * 7, row("fail")]).plain == "FAIL 1/8"
    assert table.cell([row("crash"), row("fail")]).plain == "CRASH 1/2"
    assert table.cell([unsupported] * 3).plain == "n/a 3"
    assert table.cell([]).plain == ""


def test_many_backends_make_several_tables_of_80_columns() -> None:
    names = [f"backend{number}" for number in range(12)]
    rows = [row("deviation", clause, subject=row()["subject"] | {"backend": n}) for n in names for clause in CLAUSES]
    text = drawn(Results(described(backends=names), rows * 120))
    lines = [line for line in text.splitlines() if line.startswith(("clause", *CLAUSES))]
    assert max(map(len, lines)) <= 80
    assert [name for line in lines if line.startswith("clause ") for name in line.split()[1:]] == names
    assert text.count("dev 120/120 .41") == len(names) * len(CLAUSES)


def test_the_last_line() -> None:
    def last(rows: list[dict[str, Any]], *also: str, **changes: Any) -> str:
        return table.verdict(Results(described(**changes), rows), also)[0]

    assert last([row(), row("deviation"), row("unsupported"), row("undecided")]) == "conforms"
    assert last([row(), row("fail"), row("crash")]) == "does not conform: 2 of 3 clauses x subjects fail"
    assert last([row()], stale=["a", "b"]) == "does not conform: 2 recorded deviations matched nothing"
    assert last([row()], "1 ended without an answer") == "does not conform: 1 ended without an answer"
    assert last([row()], complete=False).startswith("incomplete: the run ended early, after 1")
    assert last([row("unsupported")]).startswith("nothing was run")
    assert last([]).startswith("nothing was run")


def test_notes() -> None:
    statistics = [{"false_alarm": 2e-12, "detectable_shift": 0.01}] * 3
    rows = [row("deviation", deviations={"doubled": {}}), row(statistics=statistics, undecided=100)]
    told = [line for line, _ in table.notes(Results(described(stale=["gone"], unmet=["rare"], elsewhere=["of"]), rows))]
    assert told.pop(0).startswith("recorded deviations met: 1 defect; ")
    assert told[0] == "  doubled  defect   wrong-result  in 1"
    assert told[1].startswith("stale record gone: it matched nothing")
    assert told.pop(2) == "record rare: met by no case of this run; its script still shows it"
    assert told.pop(2) == "record of: of kernels that are perhaps not taken here, and not met"
    assert told[2] == "not asked: jax: jax not installed"
    assert told[3] == "2 clauses x subjects, 200 elements judged, 100 (33.33%) undecided"
    assert told[4].startswith("3 statistical tests spend 6e-12 of the false-alarm probability 1e-09")
    assert told[5] == "  BN.train.output: 3 tests spend 6e-12, and show shifts from 0.01 to 0.01"
    assert told[6] == "profile ci, seed 0; 1.5 s on the clock, 0.2 s in the frameworks, all workers together"
