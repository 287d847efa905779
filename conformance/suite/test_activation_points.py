"""Activations at single points: kinks, infinities, NaN, signed zeros, and the ends of the range."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from adapters.base import ALONG_ROWS, Activation, Outcome, dtype_of
from conformance import expectation, points
from conformance.bounded import Bounded, format_of
from conformance.examination import Examination, clause
from conformance.suite.test_activations import draw, terms

Array = np.ndarray[Any, np.dtype[Any]]
INFINITIES = {"positive infinity": np.inf, "negative infinity": -np.inf}


@clause("ACT.kink", generated=False)
def test_kink(exam: Examination) -> None:
    name = _name(exam)
    for given in points.parameters(name):
        for kink in points.kinks(name, given):
            first = None
            for length in points.LENGTHS:
                case = points.filled(name, kink, length, exam.dtype, given, "kink")
                outcome = exam.ask(case)
                exam.compare(case, outcome, {"dx": points.between_one_sided(case, exam.dtype)}, n=1)
                dx = outcome.arrays["dx"]
                first = dx[0] if first is None else first
                _refuse(exam, case, "dx", dx, dx != first, f"{first!r}, as in a tensor of one element")


@clause("ACT.special", generated=False)
def test_special(exam: Examination) -> None:
    name = _name(exam)
    given = points.parameters(name)[0]
    if name == "glu":
        _gated(exam, given)
    elif name in ALONG_ROWS:
        _rows(exam, name, given)
    else:
        for length in points.LENGTHS:
            _signed_zeros(exam, points.filled(name, -0.0, length, exam.dtype, given, "negative zero"))
        _everywhere(exam, "NaN", np.nan, given)
        for regime, infinity in INFINITIES.items():
            _everywhere(exam, regime, infinity, given)


def _everywhere(exam: Examination, regime: str, point: float, given: dict[str, float]) -> None:
    """One special value in tensors of every length, and among ordinary ones."""
    name = _name(exam)
    asked = [points.filled(name, point, length, exam.dtype, given, regime) for length in points.LENGTHS]
    asked.append(points.among_others(name, point, exam.dtype, given, regime))
    first: dict[str, Any] = {}
    for case in asked:
        special = ~np.isfinite(case.x)
        outcome = _answer(exam, case)
        right = points.far(case, exam.dtype) if np.isinf(point) else {}
        for output in ("y", "dx"):
            got = outcome.arrays[output]
            if np.isinf(point):
                wrong = right[output].wrong_kind(got)
                _refuse(exam, case, output, got, special & wrong, "the limit, or what the formula gives")
                limited = special & np.isfinite(got) & (right[output].infinite == 0)
                with np.errstate(over="ignore"):  # a value beyond the dtype's range is infinite
                    finite = np.where(limited, got, right[output].finite.value).astype(got.dtype)
                exam.compare(case, Outcome({output: finite}), {output: right[output].finite}, expect=_far_out)
            elif output == "y":
                _refuse(exam, case, output, got, special & ~np.isnan(got), "nan")
            alone = first.setdefault(output, got[0])
            # Of finite limits the bound has spoken; a gradient at NaN is a constant or NaN, and nothing is rounded.
            same = _same(got, alone) if np.isnan(point) else np.isnan(got) == np.isnan(alone)
            _refuse(exam, case, output, got, special & ~same, f"{alone!r}, as in a tensor of one element")
        _judge_rest(exam, case, outcome, special)


def _far_out(case: Activation, *given: Any) -> expectation.Expected:
    return expectation.expect(points.far_out(case), *given)


def _signed_zeros(exam: Examination, case: Activation) -> None:
    positive = points.filled(case.name, 0.0, case.x.size, exam.dtype, dict(case.parameters), "positive zero")
    want, got = (_answer(exam, each).arrays["y"] for each in (positive, case))
    _refuse(exam, case, "y", got, got != want, f"{want[0]!r}, as at +0")


def _rows(exam: Examination, name: str, given: dict[str, float]) -> None:
    """softmax and log_softmax: a special value in one row, at its beginning, middle and end, and a row without."""
    for length in points.LENGTHS:
        for place in sorted({0, length // 2, length - 1}):
            _spoilt_row(exam, _row(exam, name, given, length, place, np.nan, "NaN"))
            if length > 1:  # what is masked is NaN with the rest of its row
                x = _row(exam, name, given, length, place, np.nan, "NaN").x.copy()
                x[0, place - 1] = -np.inf
                _spoilt_row(exam, points.question(name, x, given, "NaN"))
            _infinite_row(exam, _row(exam, name, given, length, place, np.inf, "positive infinity"), place)
            masked = _row(exam, name, given, length, place, -np.inf, "negative infinity")
            if length > 1:
                _masked_row(exam, masked, place)
            else:
                _undefined_row(exam, masked)
        full = np.ones((2, length), dtype_of(exam.dtype))
        full[0] = -np.inf
        if length > 1:
            _undefined_row(exam, points.question(name, full, given, "row of negative infinities"))


def _row(
    exam: Examination, name: str, given: dict[str, float], length: int, place: int, point: float, regime: str
) -> Activation:
    x = np.resize(np.array((0.5, 1.0, -0.25, 2.0, 0.75), dtype_of(exam.dtype)), (2, length))
    x[0, place] = point
    return points.question(name, x, given, regime)


def _spoilt_row(exam: Examination, case: Activation) -> None:
    """A NaN is in every sum of its row, and in no other row."""
    outcome = _answer(exam, case)
    spoilt = np.broadcast_to([[True], [False]], case.x.shape)
    _refuse(exam, case, "y", outcome.arrays["y"], spoilt & ~np.isnan(outcome.arrays["y"]), "nan")
    _judge_rest(exam, case, outcome, spoilt)


def _infinite_row(exam: Examination, case: Activation, place: int) -> None:
    """At +inf in one place the limit is 1 there and 0 elsewhere, and the formula inf/inf or inf - inf."""
    outcome = _answer(exam, case)
    got, here = outcome.arrays["y"], np.broadcast_to([[True], [False]], case.x.shape)
    limit = np.where(np.arange(case.x.shape[1]) == place, 1.0, 0.0)
    with np.errstate(divide="ignore"):
        limit = limit if case.name == "softmax" else np.log(limit)
    _refuse(exam, case, "y", got, here & ~(np.isnan(got) | (got == limit)), "nan or the limit")
    _judge_rest(exam, case, outcome, here)


def _masked_row(exam: Examination, case: Activation, place: int) -> None:
    """-inf in one place takes it out of the row: probability 0, and the others as if it were not there."""
    outcome = _answer(exam, case)
    there = np.isneginf(case.x)
    got = outcome.arrays["y"]
    if case.name == "log_softmax":
        _refuse(exam, case, "y", got, there & ~np.isneginf(got), "-inf")
        _judge_rest(exam, case, outcome, there, ("y",))
        _judge_rest(exam, case, outcome, np.zeros_like(there), ("dx",))
    else:
        _judge_rest(exam, case, outcome, np.zeros_like(there), ("y", "dx"))


def _undefined_row(exam: Examination, case: Activation) -> None:
    """Nothing but -inf: 0/0. A row of one has the limit that it has everywhere, 1."""
    outcome = _answer(exam, case)
    got, here = outcome.arrays["y"], np.broadcast_to([[True], [False]], case.x.shape)
    limit = float(case.name == "softmax")
    right = np.isnan(got) | ((got == limit) & (case.x.shape[1] == 1))
    _refuse(exam, case, "y", got, here & ~right, "nan")
    _judge_rest(exam, case, outcome, here)


def _gated(exam: Examination, given: dict[str, float]) -> None:
    """glu: a special value in the half that is let through, and in the half that is the gate."""
    for length in points.LENGTHS:
        for place in sorted({0, length // 2, length - 1}):
            for regime, point in {"NaN": np.nan, **INFINITIES}.items():
                for gate in (False, True):
                    case = _row(exam, "glu", given, 2 * length, place + gate * length, point, regime)
                    outcome = _answer(exam, case)
                    got = outcome.arrays["y"]
                    here = np.zeros(got.shape, bool)
                    here[0, place] = not gate or np.isnan(point)
                    _refuse(exam, case, "y", got, here & ~_same(got, point), f"{point!r}")
                    _judge_rest(exam, case, outcome, here)


def _judge_rest(
    exam: Examination, case: Activation, outcome: Outcome, special: Array, outputs: tuple[str, ...] = ("y",)
) -> None:
    """By the bound, what is not special: an infinity counts as a number far out, and NaN as 0."""
    far = math.sqrt(format_of(exam.dtype).largest)
    plain = np.nan_to_num(case.x.astype(np.float64), nan=0.0, posinf=far, neginf=-far)
    near = replace(case, x=plain.astype(dtype_of(exam.dtype)), recipe={})
    expected = expectation.expect(near, exam.dtype, exam.dialect)
    wanted: dict[str, Bounded] = {}
    arrays = dict(outcome.arrays)
    for output in outputs:
        wanted[output] = expected[output]
        arrays[output] = np.where(special, expected[output].value, arrays[output]).astype(arrays[output].dtype)
    exam.compare(near, Outcome(arrays), wanted)


@clause("ACT.range", regimes=("largest", "smallest"))
def test_range(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, gradient=True)
    outcome = exam.ask(case)
    assert case.dy is not None
    expected = expectation.expect(case, exam.dtype, exam.dialect)
    for output, given in (("y", case.x), ("dx", case.dy)):
        value, got = expected[output].value, outcome.arrays[output]
        if got.shape == value.shape:
            # What is no larger than a number of the dtype has a finite place in it.
            representable = np.abs(value) <= np.abs(given).max(initial=0)
            _refuse(exam, case, output, got, representable & ~np.isfinite(got), "a finite number")
    exam.judge(case, outcome, ["y", "dx", "dalpha"], n=terms(case))


def _name(exam: Examination) -> str:
    assert exam.activation is not None
    return exam.activation


def _answer(exam: Examination, case: Activation) -> Outcome:
    """The answer, in the shapes that it must have."""
    outcome = exam.ask(case)
    exam.record.examples += 1
    assert case.dy is not None
    for output, shape in (("y", case.dy.shape), ("dx", case.x.shape)):
        got = outcome.arrays.get(output)
        found = "missing" if got is None else f"of shape {got.shape}"
        exam.require(got is not None and got.shape == shape, case, f"{output} is {found}, expected {shape}")
    return outcome


def _same(one: Array, other: Any) -> Array:
    return np.asarray((one == other) | (np.isnan(one) & np.isnan(other)))


def _refuse(exam: Examination, case: Activation, output: str, got: Array, failing: Array, expected: str) -> None:
    exam.record.elements += int(failing.size)
    if failing.any():
        index = tuple(int(i) for i in np.argwhere(failing)[0])
        message = (
            f"{output}{list(index)} of {failing.size} elements is {got[index]!r}"
            f"{f' at x = {case.x[index]!r}' if case.x.shape == got.shape else ''}, expected {expected}"
        )
        exam.require(False, case, message, output=output, failing=failing)
