"""What is held against each other, what is not judged apart, and what a record of one side explains."""

from __future__ import annotations

import numpy as np
import pytest

from adapters.base import AXES, SIXTEEN_BITS, Activation, Outcome, Subject
from adapters.numpy import NumPy
from conformance import backends, plan
from conformance.agreement import Side, hold
from conformance.clauses import CLAUSES
from conformance.examination import Examination, Nonconformance
from conformance.qualification.faults.agreement import TwoModes
from conformance.session import Session

ONE, OTHER = Subject("numpy", "control"), Subject("other", "control")


def asked(clause: str) -> set[tuple[str, str, str]]:
    entries = plan.entries(CLAUSES[clause], [TwoModes()])
    return {(entry.subject.api, entry.subject.mode, entry.subject.dtype) for entry in entries}


def test_modes_other_than_eager_are_held_against_eager() -> None:
    dtypes = ("float32", "float64", *SIXTEEN_BITS)
    assert asked("MODE.agree") == {("control", "compiled", dtype) for dtype in dtypes}


def test_frameworks_are_compared_eager() -> None:
    assert asked("DIFF.agree") == {("control", "eager", dtype) for dtype in ("float32", "float64")}


def compared(x: list[float], one: list[float], other: list[float]) -> Examination:
    adapter = NumPy()
    exam = Examination(CLAUSES["DIFF.agree"], ONE, adapter)
    case = Activation(name="relu", x=np.array(x, np.float32))
    sides = [
        Side.of(exam, adapter, subject, case, Outcome({"y": np.array(y, np.float32)}))
        for subject, y in ((ONE, one), (OTHER, other))
    ]
    hold(exam, case, sides[0], sides[1], ["y"])
    return exam


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_a_number_and_none_are_apart_where_a_special_value_went_in(special: float) -> None:
    compared([1.0, special], [1.0, special], [1.0, special])
    with pytest.raises(Nonconformance, match=r"y\[1\] is"):
        compared([1.0, special], [1.0, special], [1.0, 0.0])


def test_two_answers_within_their_bounds_agree_and_are_measured() -> None:
    step = np.float32(2.0**-23)
    assert 0 < compared([1.0], [1.0], [1.0 + step]).record.worst <= 1
    with pytest.raises(Nonconformance, match="sum of the two bounds"):
        compared([1.0], [1.0], [1.0 + 64 * step])


def test_without_a_framework_to_compare_with_nothing_is_asked() -> None:
    from conformance import suite

    exam = Examination(CLAUSES["DIFF.agree"], ONE, NumPy())
    suite.tests()["DIFF.agree"](exam)
    assert exam.record.examples == 0
    assert "no other framework takes part" in exam.record.unsupported[0]


class Named(NumPy):
    """The control under another name, as a framework."""

    def __init__(self, name: str) -> None:
        self.name = name


@pytest.mark.parametrize(
    ("expression", "chosen", "peers"),
    [
        ("", "one", "two three"),  # a test that is named by its id: the others are there
        ("backend=one", "one", ""),
        ("backend=one or backend=three", "one three", "three"),
        ("not backend=two", "one three", "three"),
        ("dtype=float32", "one two three", "two three"),
    ],
)
def test_only_the_frameworks_that_an_expression_chooses_are_compared_with(
    expression: str, chosen: str, peers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "installed", lambda: tuple(map(Named, ("one", "two", "three"))))
    session = Session({axis: [] for axis in (*AXES, "clause")}, expression, 0)
    exams = [exam for exam in session.examinations("DIFF.agree") if exam.subject.backend in chosen.split()]
    session.take_part(exams)
    assert {tuple(peer.name for peer in exam.peers) for exam in exams if exam.subject.backend == "one"} == {
        tuple(peers.split())
    }
