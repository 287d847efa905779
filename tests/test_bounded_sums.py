"""Sums, means, dot products and extremes: every order that we can think of stays inside the bound."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.bounded import Arithmetic, Bounded
from tests.orders import SUMS, Array, dot, flushed, forward, fused, kahan, perturbed

#: NumPy as these tests use it: its stubs promise plain arrays, and it answers with bounded ones.
np: Any = numpy
DTYPES = ("float32", "float64")
REGIMES: dict[str, Callable[[numpy.random.Generator, int], Array]] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "offset": lambda rng, n: 1e5 + rng.normal(size=n),
    "positive": lambda rng, n: rng.uniform(1.0, 2.0, n),
    "alternating": lambda rng, n: (-1.0) ** np.arange(n) * 1e6 + rng.normal(size=n),
    "wide": lambda rng, n: rng.normal(size=n) * 10.0 ** rng.uniform(-12, 12, n),
    "near the smallest": lambda rng, n: rng.normal(size=n) * 1e-38,
    "zeros": lambda rng, n: np.zeros(n),
}


def exact_sum(terms: Array) -> Fraction:
    return sum((Fraction(float(term)) for term in terms), Fraction(0))


def inside(answer: Any, found: Bounded, exact: Fraction) -> bool:
    """Within the bound of the exact value and of the specification's own."""
    if not np.isfinite(found.error):
        return False
    error, got = Fraction(float(found.error)), Fraction(float(answer))
    return abs(got - exact) <= error and abs(got - Fraction(float(found.value))) <= error


def cases(data: Any) -> tuple[Callable[[int], Array], int, numpy.random.Generator]:
    regime = REGIMES[data.draw(st.sampled_from(sorted(REGIMES)), label="regime")]
    n = data.draw(st.integers(1, 64), label="n")
    rng = np.random.default_rng(data.draw(st.integers(0, 2**20), label="seed"))
    return lambda size: regime(rng, size), n, rng


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_a_sum_and_a_mean_in_any_order(dtype: str, data: Any) -> None:
    draw, n, rng = cases(data)
    x = flushed(draw(n).astype(dtype))
    given_x = Bounded.input(x, Arithmetic.of(dtype))
    total, mean, exact = np.sum(given_x), np.mean(given_x), exact_sum(x)
    for name, add in SUMS.items():
        for terms in (x, perturbed(x, rng)):
            answer = add(terms)
            assert inside(answer, total, exact), name
            assert inside(answer / answer.dtype.type(n), mean, exact / n), name
            assert inside(add(terms * answer.dtype.type(1 / n)), mean, exact / n), name


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_dot_product_in_any_order(dtype: str, data: Any) -> None:
    draw, n, rng = cases(data)
    a, b = flushed(draw(n).astype(dtype)), flushed(draw(n).astype(dtype))
    arithmetic = Arithmetic.of(dtype)
    found = (Bounded.input(a[None], arithmetic) @ Bounded.input(b[:, None], arithmetic))[0, 0]
    exact = sum((Fraction(float(p)) * Fraction(float(q)) for p, q in zip(a, b, strict=True)), Fraction(0))
    for name, add in SUMS.items():
        assert inside(dot(perturbed(a, rng), perturbed(b, rng), add), found, exact), name
    if dtype == "float32":
        assert inside(fused(a, b), found, exact)
    assert inside(flushed(np.asarray(forward(flushed(a * b)))), found, exact)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [2, 3, 8, 64, 500])
def test_the_bound_of_a_sum_sees_a_dropped_term_and_twice_gamma(dtype: str, n: int) -> None:
    arithmetic = Arithmetic.of(dtype)
    x = REGIMES["positive"](np.random.default_rng(n), n).astype(dtype)
    found, product = np.sum(Bounded.exact(x, arithmetic)), Bounded.exact(x, arithmetic) @ Bounded.exact(x, arithmetic)
    exact = exact_sum(x)
    assert inside(kahan(x), found, exact)
    assert not inside(forward(x[1:]), found, exact)
    assert not inside(float(exact) * (1 + 2.5 * n * arithmetic.unit), found, exact)
    assert float(product.error) <= float(product.value) * 1.01 * n * arithmetic.unit


def test_one_term_is_exact_and_no_term_is_an_exact_zero() -> None:
    arithmetic = Arithmetic.of("float32")
    one = Bounded(np.asarray([[3.0]]), np.asarray([[1e-3]]), arithmetic)
    for reduce in (np.sum, np.mean):
        assert reduce(one, axis=0).error.tolist() == [1e-3]
    nothing = np.sum(Bounded.input(np.zeros((0, 2)), arithmetic), axis=0)
    assert nothing.value.tolist() == nothing.error.tolist() == [0.0, 0.0]
    assert np.mean(Bounded.input(np.zeros((0, 2)), arithmetic), axis=0).undecided.all()
    empty = Bounded.input(np.zeros((2, 0)), arithmetic) @ Bounded.input(np.zeros((0, 2)), arithmetic)
    assert empty.value.tolist() == empty.error.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_axes_of_a_reduction_have_their_own_number_of_terms() -> None:
    arithmetic = Arithmetic.of("float32")
    x = Bounded.exact(np.ones((2, 3, 4)), arithmetic)
    for axis, n in ((None, 24), (0, 2), ((0, 2), 8), (-1, 4)):
        for keepdims in (False, True):
            found = np.sum(x, axis=axis, keepdims=keepdims)
            assert found.shape == np.sum(x.value, axis=axis, keepdims=keepdims).shape
            np.testing.assert_allclose(found.error, n * arithmetic.gamma(n), rtol=1e-9)


@pytest.mark.parametrize("regime", ["normal", "positive", "wide"])
def test_long_random_sums_keep_to_the_probabilistic_bound(regime: str) -> None:
    plain, random = Arithmetic.of("float32"), Arithmetic.of("float32", random_sums=True)
    assert random.gamma(1024) == plain.gamma(1024)
    rng = np.random.default_rng(3)
    for n in (1025, 5000, 20000):
        x = REGIMES[regime](rng, n).astype("float32")
        found = np.sum(Bounded.input(x, random))
        assert found.error < np.sum(Bounded.input(x, plain)).error
        for answer in (forward(x), forward(x[::-1]), np.sum(x)):
            assert inside(answer, found, exact_sum(x))


def test_a_sum_of_more_terms_than_a_native_dtype_can_tell_apart_is_undecided() -> None:
    native = Arithmetic.of("bfloat16", native=True)
    assert np.isfinite(np.sum(Bounded.input(np.ones(128), native)).error)
    assert np.sum(Bounded.input(np.ones(256), native)).undecided


@pytest.mark.parametrize("name", ["maximum", "minimum", "clip", "max", "min"])
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_an_extreme_spans_what_its_operands_may_be_and_no_more(name: str, data: Any) -> None:
    """By brute force over the ends of the intervals, where the extremes of a monotone function are."""
    numbers = st.integers(-8, 8).map(float)
    values = data.draw(st.lists(numbers, min_size=3, max_size=3))
    errors = data.draw(st.lists(st.integers(0, 8).map(float), min_size=3, max_size=3))
    x = Bounded(np.asarray(values), np.asarray(errors), Arithmetic.of("float32"))
    functions: dict[str, Callable[[Any], Any]] = {
        "clip": lambda p: np.clip(p[0], -2.0, 3.0),
        "max": np.max,
        "min": np.min,
        "maximum": lambda p: np.maximum(p[0], p[1]),
        "minimum": lambda p: np.minimum(p[0], p[1]),
    }
    plain = functions[name]
    found = plain(x)
    ends = itertools.product(*((v - e, v + e) for v, e in zip(values, errors, strict=True)))
    reach = max(abs(plain(np.asarray(point)) - plain(np.asarray(values))) for point in ends)
    assert found.value == plain(np.asarray(values))
    assert reach <= found.error
    # The distance to a loser is shrunk by a rounding or two; clip forgets on which side its first limit cut.
    assert name == "clip" or found.error <= reach + 1e-12
