"""Layer normalization, proved: against the definition in mpmath, and gradients against the complex step."""

from __future__ import annotations

import math
from dataclasses import dataclass

import mpmath
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reference import layer_norm, moments
from tests.reference.normalization import OFFSETS, Truth, draw_data, truth
from tests.reference.proof import DIGITS, PROOF, WORKING_DIGITS, Array, complex_step, exact, holds, prove


@dataclass(frozen=True)
class Case:
    x: Array
    dy: Array
    gain: Array | None
    bias: Array | None
    eps: float
    axes: tuple[int, ...]  #: as handed over: any order, any sign

    @property
    def order(self) -> tuple[int, ...]:
        """The axes of samples, then the normalized ones in increasing order."""
        normalized = sorted(axis % self.x.ndim for axis in self.axes)
        return (*(axis for axis in range(self.x.ndim) if axis not in normalized), *normalized)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of gain and bias."""
        return tuple(self.x.shape[axis] for axis in self.order[self.x.ndim - len(self.axes) :])

    def rows(self, x: Array) -> Array:
        """[samples, n] of an array like x."""
        return x.transpose(self.order).reshape(-1, math.prod(self.shape))

    def back(self, rows: Array) -> Array:
        return rows.reshape([self.x.shape[axis] for axis in self.order]).transpose(np.argsort(self.order))

    def truth(self) -> Truth:
        x = self.rows(self.x)
        gain = np.ones(self.shape) if self.gain is None else self.gain
        bias = np.zeros(self.shape) if self.bias is None else self.bias
        spread = (np.broadcast_to(parameter.ravel(), x.shape) for parameter in (gain, bias))
        return truth(x, *spread, self.rows(self.dy), self.eps)


@st.composite
def cases(draw: st.DrawFn, offsets: tuple[float, ...] = OFFSETS) -> Case:
    rank = draw(st.integers(1, 4))
    shape = tuple(draw(st.lists(st.integers(1, 2 if rank > 3 else 4), min_size=rank, max_size=rank)))
    chosen = draw(st.lists(st.integers(0, rank - 1), min_size=1, max_size=rank, unique=True))
    axes = tuple(axis - rank * draw(st.booleans()) for axis in chosen)
    seed = draw(st.integers(0, 2**32 - 1))
    x = draw_data(seed, shape, draw(st.sampled_from(offsets)), draw(st.sampled_from([1e-3, 1.0, 1e4])))
    rng = np.random.default_rng([seed, 1])
    gain, bias = rng.standard_normal((2, *(shape[axis] for axis in sorted(chosen))))
    dy = rng.standard_normal(shape)
    gains, biases = st.sampled_from([gain, None]), st.sampled_from([bias, None])
    return Case(x, dy, draw(gains), draw(biases), draw(st.sampled_from([1e-12, 1e-5, 1e-3, 1.0])), axes)


@prove
@given(cases())
def test_output_is_the_definition(case: Case) -> None:
    with mpmath.workdps(WORKING_DIGITS):
        want = case.truth()
        y = layer_norm.forward(case.x, case.gain, case.bias, case.eps, case.axes)
        holds(y, case.back(want.y), case.back(want.scale["y"]))


@prove
@given(cases())
def test_gradient_is_the_derivative_of_the_definition(case: Case) -> None:
    with mpmath.workdps(WORKING_DIGITS):
        want = case.truth()
        dx, dgain, dbias = layer_norm.gradient(case.dy, case.x, case.gain, case.eps, case.axes)
        holds(dx, case.back(want.dx), case.back(want.scale["dx"]))
        terms = want.scale["dweight"].sum(axis=0).reshape(case.shape)
        holds(dgain, want.dweight.sum(axis=0).reshape(case.shape), terms)
        dys = exact(case.rows(case.dy))
        holds(dbias, dys.sum(axis=0).reshape(case.shape), abs(dys).sum(axis=0).reshape(case.shape))


@prove
@given(cases())
def test_formulas_hold_without_rounding(case: Case) -> None:
    """The specification's own code on 50-digit numbers: what is left on offset data when float64 is out of the way."""
    with mpmath.workdps(WORKING_DIGITS):
        want = case.truth()
    x, dy, eps = exact(case.x), exact(case.dy), exact(case.eps)[()]
    gain, bias = (None if p is None else exact(p) for p in (case.gain, case.bias))
    with mpmath.workdps(DIGITS):
        y = layer_norm.forward(x, gain, bias, eps, case.axes)
        dx, dgain, _ = layer_norm.gradient(dy, x, gain, eps, case.axes)
        terms = want.scale["dweight"].sum(axis=0).reshape(case.shape)
        # Relative to the value itself; where terms cancel to nothing (n = 1), to PROOF of the terms.
        for got, value, scale in (
            (y, case.back(want.y), case.back(want.scale["y"])),
            (dx, case.back(want.dx), case.back(want.scale["dx"])),
            (dgain, want.dweight.sum(axis=0).reshape(case.shape), terms),
        ):
            holds(got, value, np.maximum(abs(value), PROOF * scale))


@prove
@given(cases(offsets=(0.0, 1.0, 10.0)))
def test_gradient_is_the_complex_step_of_the_forward_pass(case: Case) -> None:
    c = case
    gain = np.ones(c.shape) if c.gain is None else c.gain
    bias = np.zeros(c.shape) if c.bias is None else c.bias
    dx, dgain, dbias = layer_norm.gradient(c.dy, c.x, c.gain, c.eps, c.axes)
    with mpmath.workdps(DIGITS + 250):
        scale = c.truth().scale
    holds(dx, complex_step(lambda x: layer_norm.forward(x, gain, bias, c.eps, c.axes), c.x, c.dy), c.back(scale["dx"]))
    step = complex_step(lambda g: layer_norm.forward(c.x, g, bias, c.eps, c.axes), gain, c.dy)
    holds(dgain, step, scale["dweight"].sum(axis=0).reshape(c.shape))
    step = complex_step(lambda b: layer_norm.forward(c.x, gain, b, c.eps, c.axes), bias, c.dy)
    holds(dbias, step, abs(c.rows(c.dy)).sum(axis=0).reshape(c.shape))


@prove
@given(cases())
def test_no_affine_is_gain_one_and_bias_zero(case: Case) -> None:
    c, one, zero = case, np.ones(case.shape), np.zeros(case.shape)
    bare, affine = (layer_norm.forward(c.x, *p, c.eps, c.axes) for p in ((None, None), (one, zero)))
    np.testing.assert_array_equal(bare, affine)
    pairs = zip(*(layer_norm.gradient(c.dy, c.x, gain, c.eps, c.axes) for gain in (None, one)), strict=True)
    for bare, affine in pairs:
        np.testing.assert_array_equal(bare, affine)


def test_moments_are_used_as_given() -> None:
    def nought_and_one(x: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
        mean, var = moments.two_pass(x, axes)
        return 0.0 * mean, 0.0 * var + 1.0

    x = draw_data(5, (3, 4), 1.0, 1.0)
    np.testing.assert_array_equal(layer_norm.forward(x, None, None, 3.0, (-1,), nought_and_one), x / 2.0)
    _, dgain, _ = layer_norm.gradient(np.ones((3, 4)), x, None, 3.0, (1,), nought_and_one)
    np.testing.assert_array_equal(dgain, (x / 2.0).sum(axis=0))
