"""Softmax and gelu: however a sound implementation writes them, it stays inside the bound of the exact value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.bounded import Arithmetic, Bounded
from reference import activations
from reference.special import erf, erfc, evaluate
from tests.exact import CONTEXT, worst
from tests.orders import SUMS, Array, Sum

DTYPES = ("float32", "float64")


SOFTMAXES: dict[str, Callable[[Array, Sum], Array]] = {
    "shifted": lambda x, add: np.exp(x - x.max()) / add(np.exp(x - x.max())),
    "reciprocal": lambda x, add: np.exp(x - x.max()) * (x.dtype.type(1) / add(np.exp(x - x.max()))),
    "logarithm": lambda x, add: np.exp((x - x.max()) - np.log(add(np.exp(x - x.max())))),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", SOFTMAXES)
@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**20), n=st.integers(1, 24), scale=st.sampled_from([0.1, 1.0, 10.0, 40.0]))
def test_every_sound_softmax_stays_inside(form: str, dtype: str, seed: int, n: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    x, dy = (scale * rng.normal(size=n)).astype(dtype), rng.normal(size=n).astype(dtype)
    inputs: list[Any] = [Bounded.input(a, Arithmetic.of(dtype)) for a in (dy, x)]
    entry = activations.ACTIVATIONS["softmax"]
    found: Any
    found, found_dx = entry.forward(inputs[1]), entry.gradient(*inputs)
    powers = [CONTEXT.exp(CONTEXT.mpf(float(v))) for v in x]
    exact = [p / CONTEXT.fsum(powers) for p in powers]
    inner = CONTEXT.fsum(p * CONTEXT.mpf(float(d)) for p, d in zip(exact, dy, strict=True))
    exact_dx = [p * (CONTEXT.mpf(float(d)) - inner) for p, d in zip(exact, dy, strict=True)]
    for add in SUMS.values():
        y = SOFTMAXES[form](x, add)
        assert worst(y, exact, found) <= 1.0
        assert worst(y * (dy - add(y * dy)), exact_dx, found_dx) <= 1.0


def normal_cdf(x: Array) -> Array:
    return np.asarray(evaluate(erfc, -x / np.sqrt(x.dtype.type(2))).astype(x.dtype) * x.dtype.type(0.5))


def normal_density(x: Array) -> Array:
    return np.asarray(np.exp(-x * x * x.dtype.type(0.5)) * x.dtype.type(1 / np.sqrt(2 * np.pi)))


GELUS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "complement": (lambda x: x * normal_cdf(x), lambda x: normal_cdf(x) + x * normal_density(x)),
    "halved": (
        lambda x: x.dtype.type(0.5) * x * evaluate(erfc, x * -x.dtype.type(np.sqrt(0.5))).astype(x.dtype),
        lambda x: x * normal_density(x) + normal_cdf(x),
    ),
}


def exact_gelu(x: Array) -> tuple[list[Any], list[Any]]:
    values = [CONTEXT.mpf(float(v)) for v in x]
    cdf = [CONTEXT.erfc(-v / CONTEXT.sqrt(2)) / 2 for v in values]
    density = [CONTEXT.exp(-v * v / 2) / CONTEXT.sqrt(2 * CONTEXT.pi) for v in values]
    return (
        [v * p for v, p in zip(values, cdf, strict=True)],
        [p + v * d for v, p, d in zip(values, cdf, density, strict=True)],
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", GELUS)
@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**20), scale=st.sampled_from([1e-3, 1.0, 4.0, 12.0]))
def test_every_sound_gelu_stays_inside(form: str, dtype: str, seed: int, scale: float) -> None:
    x = (scale * np.random.default_rng(seed).normal(size=8)).astype(dtype)
    given_x: Any = Bounded.input(x, Arithmetic.of(dtype))
    one: Any = Bounded.exact(np.ones(8), Arithmetic.of(dtype))
    entry = activations.ACTIVATIONS["gelu"]
    exact, exact_dx = exact_gelu(x)
    value, slope = GELUS[form]
    found: Any = entry.forward(given_x)
    assert worst(value(x), exact, found) <= 1.0
    assert worst(slope(x), exact_dx, entry.gradient(one, given_x)) <= 1.0


def test_a_gelu_that_cancels_in_the_tail_leaves_the_bound_there_alone() -> None:
    x = np.asarray([-5.0, -4.0, 0.5, 2.0], np.float32)
    cancelling = (x * (1 + evaluate(erf, x / np.sqrt(np.float32(2)))) / 2).astype(np.float32)
    given_x: Any = Bounded.input(x, Arithmetic.of("float32"))
    found: Any = activations.ACTIVATIONS["gelu"].forward(given_x)
    assert [worst(cancelling[i : i + 1], exact_gelu(x[i : i + 1])[0], found[i : i + 1]) > 1.0 for i in range(4)] == [
        True,
        True,
        False,
        False,
    ]
