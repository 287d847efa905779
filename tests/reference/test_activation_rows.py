"""The activations of whole rows, proved: softmax, its logarithm, and the gated linear unit."""

from __future__ import annotations

from dataclasses import dataclass

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.activations import ACTIVATIONS
from tests.reference.normalization import OFFSETS, draw_data
from tests.reference.proof import WORKING_DIGITS, Array, complex_step, exact, holds, prove
from tests.reference.truths import ROWS

rows = pytest.mark.parametrize("name", ROWS)


@dataclass(frozen=True)
class Case:
    x: Array
    axis: int
    seed: int

    def dy(self, name: str) -> Array:
        y = ACTIVATIONS[name].forward(self.x, axis=self.axis)
        return np.random.default_rng([self.seed, 1]).standard_normal(y.shape)


@st.composite
def cases(draw: st.DrawFn, magnitudes: tuple[float, ...] = (1e-3, 1.0, 100.0)) -> Case:
    rank = draw(st.integers(1, 3))
    shape = draw(st.lists(st.integers(1, 3), min_size=rank, max_size=rank))
    axis = draw(st.integers(-rank, rank - 1))
    shape[axis] = draw(st.sampled_from([2, 4, 6]))
    seed, magnitude = draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from(magnitudes))
    # A row that lies high leaves no trace in softmax, but exp would overflow without the shift.
    return Case(draw_data(seed, tuple(shape), draw(st.sampled_from(OFFSETS)), magnitude), axis, seed)


def along(name: str, x: Array, axis: int) -> Array:
    """The definition along an axis of an array of mpmath numbers."""
    moved = np.moveaxis(x, axis, -1)
    found = [ROWS[name](list(row)) for row in moved.reshape(-1, moved.shape[-1])]
    return np.moveaxis(np.array(found, object).reshape(*moved.shape[:-1], -1), -1, axis)


def gradient_scale(name: str, case: Case, dy: Array, gradient: Array) -> Array:
    """The sum of the formula's absolute terms: where they cancel the gradient is ill-conditioned in dy itself."""
    y, size = along("softmax", exact(case.x), case.axis), abs(exact(dy))
    if name == "softmax":
        return np.asarray(y * (size + (y * size).sum(axis=case.axis, keepdims=True)))
    if name == "log_softmax":
        return np.asarray(size + y * size.sum(axis=case.axis, keepdims=True))
    return abs(gradient)


@rows
@prove
@given(case=cases())
def test_value_is_the_definition(name: str, case: Case) -> None:
    with mpmath.workdps(WORKING_DIGITS):
        want = along(name, exact(case.x), case.axis)
        # The sum in log_softmax is at least 1: what its rounding does to the logarithm is relative to 1.
        scale = abs(want) + (1 if name == "log_softmax" else 0)
        holds(ACTIVATIONS[name].forward(case.x, axis=case.axis), want, scale)


@rows
@prove
@given(case=cases())
def test_gradient_is_the_derivative_of_the_definition(name: str, case: Case) -> None:
    dy = case.dy(name)
    with mpmath.workdps(WORKING_DIGITS):
        want = complex_step(lambda z: along(name, z, case.axis), exact(case.x), exact(dy))
        got = ACTIVATIONS[name].gradient(dy, case.x, axis=case.axis)
        holds(got, want, gradient_scale(name, case, dy, want))


@rows
@prove
@given(case=cases(magnitudes=(1e-3, 1.0)))
def test_gradient_is_the_complex_step_of_the_forward_pass(name: str, case: Case) -> None:
    entry, dy = ACTIVATIONS[name], case.dy(name)
    step = complex_step(lambda z: entry.forward(z, axis=case.axis), case.x, dy)
    with mpmath.workdps(WORKING_DIGITS):
        holds(entry.gradient(dy, case.x, axis=case.axis), step, gradient_scale(name, case, dy, step))


@rows
def test_the_axis_is_the_last_unless_given(name: str) -> None:
    x = draw_data(8, (2, 4, 6), 0.0, 1.0)
    entry = ACTIVATIONS[name]
    assert dict(entry.parameters) == {"axis": -1}
    y = entry.forward(x)
    np.testing.assert_array_equal(y, entry.forward(x, axis=2))
    np.testing.assert_array_equal(entry.gradient(y, x), entry.gradient(y, x, axis=2))


@pytest.mark.filterwarnings("error")
def test_ties_and_rows_far_apart() -> None:
    x = np.array([[1e307, -1e307, 1e307], [-800.0, 0.0, 800.0], [5.0, 5.0, 5.0]])
    third = 1.0 / 3.0
    holds(ACTIVATIONS["softmax"].forward(x), np.array([[0.5, 0.0, 0.5], [0.0, 0.0, 1.0], [third] * 3]))
    found = ACTIVATIONS["log_softmax"].forward(x)
    log2, log3 = np.log(2.0), np.log(3.0)
    holds(found, np.array([[-log2, -2e307, -log2], [-1600.0, -800.0, 0.0], [-log3] * 3]))


def test_glu_needs_two_halves() -> None:
    with pytest.raises(ValueError, match="equal division"):
        ACTIVATIONS["glu"].forward(np.zeros((2, 3)))
