"""Neurons: y = phi(W x + b)."""

from __future__ import annotations

from hypothesis import strategies as st

from adapters.base import Dense
from conformance import cases
from conformance.examination import Examination, clause

GRADIENTS = ("dx", "dweight", "dbias")


def questions(exam: Examination, *, gradient: bool = False) -> st.SearchStrategy[Dense]:
    return cases.denses(exam.subject.dtype, gradient=gradient, regime=exam.regime, palette=exam.palette)


def draw(exam: Examination, data: st.DataObject, *, gradient: bool = False) -> Dense:
    return data.draw(questions(exam, gradient=gradient), label="case")


def terms(case: Dense) -> int:
    """Terms of the longest sum: the inputs of a neuron, or the samples that a gradient sums over."""
    inputs: int = case.weight.shape[1]
    return max(inputs, case.x.size // inputs)


@clause("NE.output", regimes=cases.LINEAR)
def test_output(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data)
    exam.judge(case, exam.ask(case), ["y"], n=terms(case))


@clause("NE.grad", regimes=cases.LINEAR)
def test_grad(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, gradient=True)
    exam.judge(case, exam.ask(case), GRADIENTS, n=terms(case))


@clause("NE.shape", regimes=cases.LINEAR)
def test_shape(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, gradient=True)
    outcome = exam.ask(case)
    exam.record.examples += 1
    shapes = {
        "y": (*case.x.shape[:-1], len(case.weight)),
        "dx": case.x.shape,
        "dweight": case.weight.shape,
    }
    if case.bias is not None:
        shapes["dbias"] = case.bias.shape
    for name, shape in shapes.items():
        got = outcome.arrays.get(name)
        found = "missing" if got is None else f"of shape {got.shape}"
        exam.require(got is not None and got.shape == shape, case, f"{name} is {found}, expected {shape}", output=name)
