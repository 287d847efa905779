"""Normalizations: however a sound implementation writes them in its dtype, it stays inside the bound.

The exact value comes from mpmath, the bound from the specification on bounded arrays, the implementations stand here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.bounded import Arithmetic, Bounded
from reference import batch_norm, layer_norm
from tests.exact import CONTEXT, worst
from tests.orders import SUMS, Array, Sum, backward, forward, pairwise

DTYPES = ("float32", "float64")
EPS = 2.0**-17


def two_pass(x: Array, add: Sum) -> tuple[Any, Any]:
    n = x.dtype.type(len(x))
    mean = add(x) / n
    return mean, add(np.square(x - mean)) / n


def reciprocal_n(x: Array, add: Sum) -> tuple[Any, Any]:
    scale = x.dtype.type(1 / len(x))
    mean = add(x) * scale
    return mean, add(np.square(x - mean)) * scale


def welford(x: Array, add: Sum) -> tuple[Any, Any]:
    mean = squares = x.dtype.type(0)
    for count, value in enumerate(x, 1):
        before = value - mean
        mean = mean + before / x.dtype.type(count)
        squares = squares + before * (value - mean)
    return mean, squares / x.dtype.type(len(x))


def shifted(x: Array, add: Sum) -> tuple[Any, Any]:
    """Two passes with the mean's own rounding error corrected (Chan, Golub and LeVeque 1983, equation 1.7)."""
    n = x.dtype.type(len(x))
    mean = add(x) / n
    deviation = x - mean
    return mean, (add(np.square(deviation)) - add(deviation) ** 2 / n) / n


def one_pass(x: Array, add: Sum) -> tuple[Any, Any]:
    n = x.dtype.type(len(x))
    mean = add(x) / n
    return mean, np.maximum(add(np.square(x)) / n - mean * mean, x.dtype.type(0))


def unbiased(x: Array, add: Sum) -> tuple[Any, Any]:
    mean, var = two_pass(x, add)
    return mean, var * x.dtype.type(len(x) / (len(x) - 1))


SOUND_MOMENTS = (two_pass, reciprocal_n, welford, shifted)


@dataclass(frozen=True)
class Normalizer:
    """One way to write a normalization of one group of values, x, dy, gain and bias all of shape [n]."""

    moments: Callable[[Array, Sum], tuple[Any, Any]]
    add: Sum
    form: str

    def forward(self, x: Array, gain: Array, bias: Array) -> Array:
        mean, deviation = self.statistics(x)
        if self.form == "x a + b":
            slope = gain / deviation
            return np.asarray(x * slope + (bias - mean * slope))
        if self.form == "reciprocal root":
            return np.asarray((x - mean) * (x.dtype.type(1) / deviation) * gain + bias)
        return np.asarray((x - mean) / deviation * gain + bias)

    def gradient(self, dy: Array, x: Array, gain: Array) -> tuple[Array, Array]:
        """(dx, dy xhat)"""
        n = x.dtype.type(len(x))
        mean, deviation = self.statistics(x)
        rstd = x.dtype.type(1) / deviation
        xhat = (x - mean) * rstd
        g = dy * gain
        if self.form == "direct":
            dx = (g - self.add(g) / n - xhat * (self.add(g * xhat) / n)) / deviation
        elif self.form == "reciprocal root":
            dx = rstd / n * (n * g - self.add(g) - xhat * self.add(g * xhat))
        else:
            slope = -rstd * rstd * self.add(g * (x - mean)) / n
            dx = rstd * (g + (x - mean) * slope) - rstd * (self.add(g) / n)
        return np.asarray(dx), np.asarray(dy * xhat)

    def statistics(self, x: Array) -> tuple[Any, Any]:
        mean, var = self.moments(x, self.add)
        return mean, np.sqrt(var + x.dtype.type(EPS))


FORMS = ("direct", "reciprocal root", "x a + b")
SOUND = [
    Normalizer(moments, add, form)
    for moments, add, form in itertools.product(SOUND_MOMENTS, SUMS.values(), FORMS)
    if moments is not welford or add in (forward, backward)
]


def exact_group(x: Array, dy: Array, gain: Array, bias: Array) -> tuple[list[Any], list[Any], list[Any]]:
    """(y, dx, dy xhat) of one group to 50 digits."""
    xs, dys, gains, biases = ([CONTEXT.mpf(float(v)) for v in row] for row in (x, dy, gain, bias))
    n = len(xs)
    mean = CONTEXT.fsum(xs) / n
    deviation = CONTEXT.sqrt(CONTEXT.fsum((v - mean) ** 2 for v in xs) / n + CONTEXT.mpf(EPS))
    xhat = [(v - mean) / deviation for v in xs]
    g = [a * b for a, b in zip(dys, gains, strict=True)]
    through_mean = CONTEXT.fsum(g) / n
    through_var = CONTEXT.fsum(a * b for a, b in zip(g, xhat, strict=True)) / n
    return (
        [a * b + c for a, b, c in zip(xhat, gains, biases, strict=True)],
        [(a - through_mean - b * through_var) / deviation for a, b in zip(g, xhat, strict=True)],
        [a * b for a, b in zip(dys, xhat, strict=True)],
    )


@dataclass(frozen=True)
class Data:
    x: Array  #: [n, c]
    dy: Array  #: [n, c]
    gain: Array  #: [c]
    bias: Array  #: [c]


def data(rng: np.random.Generator, n: int, c: int, ratio: float, scale: float, dtype: str) -> Data:
    """Normal data of a given scale, ``ratio`` deviations away from zero."""
    return Data(
        (scale * (ratio + rng.normal(size=(n, c)))).astype(dtype),
        rng.normal(size=(n, c)).astype(dtype),
        rng.uniform(0.5, 2.0, c).astype(dtype),
        rng.normal(size=c).astype(dtype),
    )


def inputs(case: Data) -> Any:
    """x, dy, gain and bias as the oracle takes them."""
    arithmetic = Arithmetic.of(str(case.x.dtype))
    return (Bounded.input(a, arithmetic) for a in (case.x, case.dy, case.gain, case.bias))


def batch_norm_ratio(case: Data, how: Normalizer) -> float:
    """The worst error over bound of y, dx and dgamma in training, channels last."""
    dtype = str(case.x.dtype)
    x, dy, gain, bias = inputs(case)
    y = batch_norm.train(x, gain, bias, EPS, -1)[0]
    dx, dgain, _ = batch_norm.train_grad(dy, x, gain, EPS, -1)
    ratios = []
    for c in range(case.x.shape[1]):
        column = np.ones(len(case.x), dtype)
        group = case.x[:, c], case.dy[:, c], column * case.gain[c], column * case.bias[c]
        exact_y, exact_dx, exact_products = exact_group(*group)
        got_dx, products = how.gradient(group[1], group[0], group[2])
        ratios.append(worst(how.forward(group[0], group[2], group[3]), exact_y, y[:, c]))
        ratios.append(worst(got_dx, exact_dx, dx[:, c]))
        ratios.append(worst(np.asarray(how.add(products)), [CONTEXT.fsum(exact_products)], dgain[c]))
    return max(ratios)


def layer_norm_ratio(case: Data, how: Normalizer) -> float:
    """The worst error over bound of y, dx and dgain, normalized over the last axis."""
    dtype = str(case.x.dtype)
    x, dy, gain, bias = inputs(case)
    y = layer_norm.forward(x, gain, bias, EPS, (-1,))
    dx, dgain, _ = layer_norm.gradient(dy, x, gain, EPS, (-1,))
    ratios, got_products, exact_products = [], [], []
    for row in range(len(case.x)):
        exact_y, exact_dx, exact = exact_group(case.x[row], case.dy[row], case.gain, case.bias)
        got_dx, products = how.gradient(case.dy[row], case.x[row], case.gain)
        ratios.append(worst(how.forward(case.x[row], case.gain, case.bias), exact_y, y[row]))
        ratios.append(worst(got_dx, exact_dx, dx[row]))
        got_products.append(products)
        exact_products.append(exact)
    got_dgain = np.asarray([how.add(np.asarray(column)) for column in zip(*got_products, strict=True)], dtype)
    ratios.append(worst(got_dgain, [CONTEXT.fsum(column) for column in zip(*exact_products, strict=True)], dgain))
    return max(ratios)


LAYERS = {"batch norm": batch_norm_ratio, "layer norm": layer_norm_ratio}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**20),
    n=st.integers(1, 12),
    c=st.integers(1, 5),
    ratio=st.sampled_from([0.0, 1.0, 10.0, 1e3, 1e5]),
    scale=st.sampled_from([1.0, 1e-3, 1e-8, 1e3, 1e8]),
    how=st.sampled_from(SOUND),
)
def test_every_sound_normalization_stays_inside(
    layer: str, dtype: str, seed: int, n: int, c: int, ratio: float, scale: float, how: Normalizer
) -> None:
    case = data(np.random.default_rng(seed), n, c, ratio, scale, dtype)
    assert LAYERS[layer](case, how) <= 1.0


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_bound_of_a_normalization_is_not_blind(layer: str, dtype: str) -> None:
    """The worst of the sound ways comes within a factor of twenty on small groups."""
    for ratio in (0.0, 10.0, 1e3):
        tightness = max(
            LAYERS[layer](data(np.random.default_rng(seed), 8, 8, ratio, 1.0, dtype), how)
            for seed, how in enumerate(SOUND[::4])
        )
        assert 0.05 <= tightness <= 1.0


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_one_pass_variance_leaves_the_bound_once_the_mean_is_far_off(layer: str, dtype: str) -> None:
    how = Normalizer(one_pass, pairwise, "direct")
    for ratio in (1e3, 1e4):
        assert LAYERS[layer](data(np.random.default_rng(5), 16, 16, ratio, 1.0, dtype), how) > 10.0


class OutsideRoot(Normalizer):
    def statistics(self, x: Array) -> tuple[Any, Any]:
        mean, var = self.moments(x, self.add)
        return mean, np.sqrt(var) + x.dtype.type(EPS)


class NoEpsilon(Normalizer):
    def statistics(self, x: Array) -> tuple[Any, Any]:
        mean, var = self.moments(x, self.add)
        return mean, np.sqrt(var)


class ConstantStatistics(Normalizer):
    def gradient(self, dy: Array, x: Array, gain: Array) -> tuple[Array, Array]:
        mean, deviation = self.statistics(x)
        return np.asarray(dy * gain / deviation), np.asarray(dy * ((x - mean) / deviation))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(
    "wrong",
    [
        Normalizer(unbiased, pairwise, "direct"),
        OutsideRoot(two_pass, pairwise, "direct"),
        NoEpsilon(two_pass, pairwise, "direct"),
        ConstantStatistics(two_pass, pairwise, "direct"),
    ],
    ids=lambda how: f"{type(how).__name__}-{how.moments.__name__}",
)
def test_a_wrong_normalization_leaves_the_bound_by_far(layer: str, wrong: Normalizer) -> None:
    assert LAYERS[layer](data(np.random.default_rng(5), 16, 16, 0.0, 0.1, "float32"), wrong) > 100.0
