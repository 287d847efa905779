"""Batch normalization, proved: against the definition in mpmath, and gradients against the complex step."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference import batch_norm, moments
from tests.reference.normalization import OFFSETS, Truth, draw_data, truth
from tests.reference.proof import DIGITS, PROOF, WORKING_DIGITS, Array, complex_step, error, exact, holds, prove


@dataclass(frozen=True)
class Case:
    x: Array
    dy: Array
    gamma: Array | None
    beta: Array | None
    mean: Array
    var: Array
    eps: float
    axis: int

    def rows(self, x: Array) -> Array:
        """[C, n]: the channels of an array like x."""
        return np.moveaxis(x, self.axis, 0).reshape(x.shape[self.axis], -1)

    def back(self, rows: Array) -> Array:
        """From [C, n] to the layout of x."""
        return np.moveaxis(rows.reshape(np.moveaxis(self.x, self.axis, 0).shape), 0, self.axis)

    def full(self, parameter: Array | None, default: float) -> Array:
        """[C, n]: gamma or beta for each element."""
        filled = np.full(self.x.shape[self.axis], default) if parameter is None else parameter
        return np.repeat(filled[:, None], self.x.size // len(filled), axis=1)

    def truth(self) -> Truth:
        rows = self.rows(self.x), self.full(self.gamma, 1.0), self.full(self.beta, 0.0), self.rows(self.dy)
        return truth(*rows, self.eps)


@st.composite
def cases(draw: st.DrawFn, offsets: tuple[float, ...] = OFFSETS) -> Case:
    rank = draw(st.integers(2, 5))
    shape = tuple(draw(st.lists(st.integers(1, 2 if rank > 3 else 4), min_size=rank, max_size=rank)))
    axis, seed = draw(st.sampled_from([1, -1])), draw(st.integers(0, 2**32 - 1))
    x = draw_data(seed, shape, draw(st.sampled_from(offsets)), draw(st.sampled_from([1e-3, 1.0, 1e4])))
    rng = np.random.default_rng([seed, 1])
    gamma, beta, mean = rng.standard_normal((3, shape[axis]))
    return Case(
        x,
        rng.standard_normal(shape),
        draw(st.sampled_from([gamma, None])),
        draw(st.sampled_from([beta, None])),
        mean * 10.0,
        rng.uniform(0.0, 2.0, shape[axis]),
        draw(st.sampled_from([1e-12, 1e-5, 1e-3, 1.0])),
        axis,
    )


@prove
@given(cases())
def test_training_is_the_definition(case: Case) -> None:
    with mpmath.workdps(WORKING_DIGITS):
        want = case.truth()
        y, mean, var = batch_norm.train(case.x, case.gamma, case.beta, case.eps, case.axis)
        holds(y, case.back(want.y), case.back(want.scale["y"]))
        holds(mean, want.mean[:, 0], want.scale["mean"][:, 0])
        holds(var, want.var[:, 0], want.scale["var"][:, 0])


@prove
@given(cases())
def test_training_gradient_is_the_derivative_of_the_definition(case: Case) -> None:
    with mpmath.workdps(WORKING_DIGITS):
        want = case.truth()
        dx, dgamma, dbeta = batch_norm.train_grad(case.dy, case.x, case.gamma, case.eps, case.axis)
        holds(dx, case.back(want.dx), case.back(want.scale["dx"]))
        holds(dgamma, want.dweight.sum(axis=1), want.scale["dweight"].sum(axis=1))
        dys = exact(case.rows(case.dy))
        holds(dbeta, dys.sum(axis=1), abs(dys).sum(axis=1))


@prove
@given(cases())
def test_training_formulas_hold_without_rounding(case: Case) -> None:
    """The specification's own code on 50-digit numbers: what is left on offset data when float64 is out of the way."""
    with mpmath.workdps(WORKING_DIGITS):
        want = case.truth()
    x, dy, eps = exact(case.x), exact(case.dy), exact(case.eps)[()]
    gamma, beta = (None if p is None else exact(p) for p in (case.gamma, case.beta))
    with mpmath.workdps(DIGITS):
        y, mean, var = batch_norm.train(x, gamma, beta, eps, case.axis)
        dx, dgamma, _ = batch_norm.train_grad(dy, x, gamma, eps, case.axis)
        # Relative to the value itself; where terms cancel to nothing (n = 1), to PROOF of the terms.
        for got, value, scale in (
            (y, case.back(want.y), case.back(want.scale["y"])),
            (mean, want.mean[:, 0], want.scale["mean"][:, 0]),
            (var, want.var[:, 0], want.scale["var"][:, 0]),
            (dx, case.back(want.dx), case.back(want.scale["dx"])),
            (dgamma, want.dweight.sum(axis=1), want.scale["dweight"].sum(axis=1)),
        ):
            holds(got, value, np.maximum(abs(value), PROOF * scale))


@prove
@given(cases(offsets=(0.0, 1.0, 10.0)))
def test_training_gradient_is_the_complex_step_of_the_forward_pass(case: Case) -> None:
    c = case
    gamma = np.ones(c.x.shape[c.axis]) if c.gamma is None else c.gamma
    beta = np.zeros(c.x.shape[c.axis]) if c.beta is None else c.beta
    dx, dgamma, dbeta = batch_norm.train_grad(c.dy, c.x, c.gamma, c.eps, c.axis)
    with mpmath.workdps(DIGITS + 250):
        scale = c.truth().scale
    holds(
        dx, complex_step(lambda x: batch_norm.train(x, gamma, beta, c.eps, c.axis)[0], c.x, c.dy), c.back(scale["dx"])
    )
    step = complex_step(lambda g: batch_norm.train(c.x, g, beta, c.eps, c.axis)[0], gamma, c.dy)
    holds(dgamma, step, scale["dweight"].sum(axis=1))
    step = complex_step(lambda b: batch_norm.train(c.x, gamma, b, c.eps, c.axis)[0], beta, c.dy)
    holds(dbeta, step, abs(c.rows(c.dy)).sum(axis=1))


@prove
@given(cases())
def test_inference_is_the_definition(case: Case) -> None:
    c = case
    y = batch_norm.inference(c.x, c.gamma, c.beta, c.mean, c.var, c.eps, c.axis)
    dx, dgamma, dbeta = batch_norm.inference_grad(c.dy, c.x, c.gamma, c.mean, c.var, c.eps, c.axis)
    with mpmath.workdps(DIGITS):
        x, dy = exact(c.rows(c.x)), exact(c.rows(c.dy))
        w, b = exact(c.full(c.gamma, 1.0)), exact(c.full(c.beta, 0.0))
        mean, root = exact(c.mean)[:, None], np.sqrt(exact(c.var)[:, None] + exact(c.eps)[()])
        xhat = (x - mean) / root
        # The difference x - mean is exact to one rounding: only the sum with beta can cancel.
        holds(y, c.back(w * xhat + b), c.back(abs(w * xhat) + abs(b)))
        holds(dx, c.back(dy * w / root))
        holds(dgamma, (dy * xhat).sum(axis=1), abs(dy * xhat).sum(axis=1))
        holds(dbeta, dy.sum(axis=1), abs(dy).sum(axis=1))


@prove
@given(cases())
def test_inference_gradient_is_the_complex_step_of_the_forward_pass(case: Case) -> None:
    c = case
    gamma = np.ones(c.x.shape[c.axis]) if c.gamma is None else c.gamma
    beta = np.zeros(c.x.shape[c.axis]) if c.beta is None else c.beta
    dx, dgamma, dbeta = batch_norm.inference_grad(c.dy, c.x, c.gamma, c.mean, c.var, c.eps, c.axis)
    statistics = (c.mean, c.var, c.eps, c.axis)
    holds(dx, complex_step(lambda x: batch_norm.inference(x, gamma, beta, *statistics), c.x, c.dy))
    step = complex_step(lambda g: batch_norm.inference(c.x, g, beta, *statistics), gamma, c.dy)
    xhat = (c.rows(c.x) - c.mean[:, None]) / np.sqrt(c.var[:, None] + c.eps)
    holds(dgamma, step, abs(c.rows(c.dy) * xhat).sum(axis=1))
    step = complex_step(lambda b: batch_norm.inference(c.x, gamma, b, *statistics), beta, c.dy)
    holds(dbeta, step, abs(c.rows(c.dy)).sum(axis=1))


@prove
@given(cases())
def test_no_affine_is_gamma_one_and_beta_zero(case: Case) -> None:
    c = case
    one, zero = np.ones(c.x.shape[c.axis]), np.zeros(c.x.shape[c.axis])
    for got, want in (
        (batch_norm.train(c.x, None, None, c.eps, c.axis), batch_norm.train(c.x, one, zero, c.eps, c.axis)),
        (batch_norm.train_grad(c.dy, c.x, None, c.eps, c.axis), batch_norm.train_grad(c.dy, c.x, one, c.eps, c.axis)),
        (
            batch_norm.inference_grad(c.dy, c.x, None, c.mean, c.var, c.eps, c.axis),
            batch_norm.inference_grad(c.dy, c.x, one, c.mean, c.var, c.eps, c.axis),
        ),
    ):
        for bare, affine in zip(got, want, strict=True):
            np.testing.assert_array_equal(bare, affine)


@prove
@given(cases())
def test_statistics_are_used_as_given(case: Case) -> None:
    """Training is inference with the batch's statistics, and the statistics come from ``moments``."""
    c = case
    y, mean, var = batch_norm.train(c.x, c.gamma, c.beta, c.eps, c.axis, moments.one_pass)
    np.testing.assert_array_equal(y, batch_norm.inference(c.x, c.gamma, c.beta, mean, var, c.eps, c.axis))
    assert mean.shape == var.shape == (c.x.shape[c.axis],)


@pytest.mark.parametrize("weight", [0.0, 0.1, 0.99, 1.0])
def test_running_update(weight: float) -> None:
    running, batch = draw_data(1, (2, 5), 10.0, 1.0)
    want = [
        (1 - Fraction(weight)) * Fraction(r) + Fraction(weight) * Fraction(b)
        for r, b in zip(running, batch, strict=True)
    ]
    truths = np.array([mpmath.mpf(v.numerator) / v.denominator for v in want], object)
    holds(batch_norm.running_update(running, batch, weight), truths, abs(running) + abs(batch))


def test_running_update_with_weight_one_over_k_is_the_cumulative_average() -> None:
    batches = draw_data(2, (7, 3), 1.0, 1.0)
    running = np.zeros(3)
    for k, batch in enumerate(batches, start=1):
        running = batch_norm.running_update(running, batch, 1.0 / k)
    with mpmath.workdps(DIGITS):
        holds(running, exact(batches).sum(axis=0) / 7, abs(batches).mean(axis=0))


@pytest.mark.parametrize("n", [2, 3, 17, 1000])
def test_unbiased_variance_has_the_divisor_n_minus_1(n: int) -> None:
    x = draw_data(3, (n, 2), 1.0, 1.0)
    _, _, var = batch_norm.train(x, None, None, 1e-5, 1)
    with mpmath.workdps(DIGITS):
        xs = exact(x)
        holds(batch_norm.unbiased(var, n), ((xs - xs.sum(axis=0) / n) ** 2).sum(axis=0) / (n - 1))


@pytest.mark.parametrize("n", [0, 1])
def test_one_value_has_no_unbiased_variance(n: int) -> None:
    with pytest.raises(ValueError, match="at least 2 values"):
        batch_norm.unbiased(np.zeros(3), n)


def test_one_pass_is_two_pass_in_exact_arithmetic_and_cancels_in_floating_point() -> None:
    x = draw_data(4, (20, 2), 1e5, 1.0)
    with mpmath.workdps(DIGITS):
        mean, var = moments.two_pass(exact(x), (0,))
        for got, want in zip(moments.one_pass(exact(x), (0,)), (mean, var), strict=True):
            holds(got, want)
        holds(moments.two_pass(x, (0,))[1], var, var * (1 + abs(mean) / np.sqrt(var)))
        assert error(moments.one_pass(x, (0,))[1], var) > 1e3 * error(moments.two_pass(x, (0,))[1], var)
    assert (moments.one_pass(np.full((3, 2), 0.1), (0,))[1] >= 0.0).all()
