"""A case that a record says is deadly is put to another process, and its death is that record's deviation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis.errors import UnsatisfiedAssumption
from packaging.requirements import Requirement

from adapters.base import Activation, Subject, Unsupported
from adapters.process import Died, Process
from conformance.clauses import CLAUSES
from conformance.deaths import Deaths
from conformance.deviations import Deviation
from conformance.examination import Examination, Nonconformance
from tests.adapters import chaos
from tests.adapters.deadly import ADAPTER


def exam(name: str) -> Examination:
    record = Deviation(
        id="deadly-falls",
        backend="deadly",
        clauses=("ACT.value",),
        versions=Requirement("numpy>=1"),
        kind="defect",
        severity="crash",
        reason="",
        source="",
        outputs=("crash",),
        where={"name": {"equals": name}},
    )
    return Examination(CLAUSES["ACT.value"], Subject("deadly", "control"), ADAPTER, "relu", deviations=(record,))


def case(name: str) -> Activation:
    return Activation(name=name, x=np.array([-1.0, 2.0], "float32"))


def test_death_is_excused_and_kept() -> None:
    examined = exam("segfault")
    with pytest.raises(Unsupported, match=r"^died, as a recorded deviation says$"):
        examined.ask(case("segfault"))
    (finding,) = examined.record.deviations.values()
    assert finding["message"] == "the process died: SIGSEGV; about to fall"
    assert "name='segfault'" in finding["case"]


def test_a_case_that_does_not_die_is_answered_and_leaves_the_record_unmet() -> None:
    examined = exam("relu")
    assert examined.ask(case("relu")).arrays["y"].tolist() == [0.0, 2.0]
    assert not examined.record.deviations


def test_an_answer_that_is_none_is_a_failure_and_no_refusal() -> None:
    examined = exam("segfault")
    examined.deviations, examined.adapter = (), chaos.ADAPTER
    asked = Activation(name="relu", x=np.ones(2, "float32"), parameters={"does": "a_list"})
    for ask in (examined.ask, examined.refusal):
        with pytest.raises(Nonconformance, match="y is a list, not an array of numbers"):
            ask(asked)


def test_a_deadly_case_is_not_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    examined = exam("exit")
    examined.deviations, examined.isolated = (), True
    asked = []
    monkeypatch.setattr(Process, "ask", lambda self, subject, case: asked.append(case) or die())
    for _ in range(2):
        with pytest.raises(Nonconformance, match="the process died: exit code 3"):
            examined.ask(case("exit"))
    assert len(asked) == 1
    monkeypatch.setattr(Deaths, "budget", -1.0)
    late = exam("exit")
    late.deviations, late.isolated = (), True
    with pytest.raises(Nonconformance):
        late.ask(case("exit"))
    with pytest.raises(UnsatisfiedAssumption):  # the time to shrink is over: what is not known is not asked
        late.refusal(case("relu"))


def die() -> None:
    raise Died("the process died: exit code 3", code=3)
