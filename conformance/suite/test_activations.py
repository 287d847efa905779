"""Activations: value and gradient of each, by the bound."""

from __future__ import annotations

from hypothesis import strategies as st

from adapters.base import Activation
from conformance import cases
from conformance.examination import Examination, clause


def questions(
    exam: Examination, *, gradient: bool = False, among: tuple[cases.Shape, ...] = ()
) -> st.SearchStrategy[Activation]:
    assert exam.activation is not None
    return cases.activations(
        exam.activation, exam.subject.dtype, gradient=gradient, regime=exam.regime, palette=exam.palette, among=among
    )


def draw(exam: Examination, data: st.DataObject, *, gradient: bool = False) -> Activation:
    return data.draw(questions(exam, gradient=gradient), label="case")


def terms(case: Activation) -> int:
    """Values that a softmax sums over; 1 for the elementwise."""
    return case.x.shape[-1] if case.name in ("softmax", "log_softmax") else 1


@clause("ACT.value", regimes=cases.ELEMENTWISE)
def test_value(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data)
    exam.judge(case, exam.ask(case), ["y"], n=terms(case))


@clause("ACT.grad", regimes=cases.ELEMENTWISE)
def test_grad(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, gradient=True)
    exam.judge(case, exam.ask(case), ["dx", "dalpha"], n=terms(case))
