"""Activations on every input of 16 bits; of wider dtypes on the whole range, and where something begins or ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from adapters.base import ALONG_ROWS, Activation, Outcome
from conformance import expectation, inputs, points
from conformance.examination import Examination, Nonconformance, clause

Array = np.ndarray[Any, np.dtype[Any]]


@clause("ACT.value.every", generated=False)
def test_every_value(exam: Examination) -> None:
    _every(exam, "y")


@clause("ACT.grad.every", generated=False)
def test_every_gradient(exam: Examination) -> None:
    _every(exam, "dx")


def _every(exam: Examination, output: str) -> None:
    assert exam.activation is not None
    with np.errstate(invalid="ignore"):  # among the patterns are signalling NaN
        for case in inputs.every(exam.activation, exam.dtype, points.parameters(exam.activation)[0]):
            _judge(exam, case if output == "dx" else replace(case, dy=None), output)


def _judge(exam: Examination, case: Activation, output: str) -> None:
    """By the bound; a failure is told by the one row or element at fault, where that fails alone too."""
    try:
        _compare(exam, case, output, exam.ask(case))
    except Nonconformance as alarm:
        index = alarm.finding.get("index")
        if index is not None:
            alone = _alone(case, tuple(index))
            _compare(exam, alone, output, exam.ask(alone))
        raise


def _compare(exam: Examination, case: Activation, output: str, outcome: Outcome) -> None:
    """What is finite, by the bound; infinities and NaN, which have a clause of their own, as what they may be."""
    special = ~np.isfinite(case.x)
    expected = _finite(case, exam.dtype, exam.dialect)[output]
    got = outcome.arrays.get(output)
    if got is not None and got.shape == expected.shape == special.shape:
        nan = special & np.isnan(case.x)
        if output == "y" and (lost := nan & ~np.isnan(got)).any():
            exam.require(False, case, "y is a number where x is NaN", output=output, failing=lost)
        outcome = Outcome({output: np.where(special, expected.value, got).astype(got.dtype)})
    exam.compare(
        case, outcome, {output: expected}, n=case.x.shape[-1] if case.name in ALONG_ROWS else 1, expect=_finite
    )


def _finite(case: Activation, *given: Any) -> expectation.Expected:
    """The expectation, with 0 for every x that is not finite."""
    x = np.where(np.isfinite(case.x), case.x, 0).astype(case.x.dtype)
    return expectation.expect(replace(case, x=x), *given)


def _alone(case: Activation, index: tuple[int, ...]) -> Activation:
    """The case of one element, or of one row."""
    place = index[:1] if case.name in ALONG_ROWS else index
    arrays = {name: value[place].reshape(1, -1) for name, value in case.arrays() if name != "alpha"}
    return replace(case, **arrays, recipe={}, regime=case.regime)
