"""Every elementwise rule against mpmath: the worst that is allowed stays inside, the bound is no wider."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from conformance._arithmetic import ULPS
from conformance.bounded import Arithmetic, Bounded
from reference.special import erf, erfc, evaluate
from tests.exact import CONTEXT
from tests.orders import flushed, perturbed

#: NumPy as these tests use it: its stubs promise plain arrays, and it answers with bounded ones.
np: Any = numpy
DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Primitive:
    """An operation, its exact counterpart, the ranges of its operands and how often an implementation rounds."""

    apply: Callable[..., Any]
    exact: Callable[..., Any]
    ranges: tuple[tuple[float, float], ...]
    roundings: float = 1.0

    def bound(self, *operands: Bounded) -> Bounded:
        found = self.apply(*operands)
        assert isinstance(found, Bounded)
        return found


def _ulps(ufunc: np.ufunc) -> float:
    return 2.0 * ULPS[ufunc]


ANY, POSITIVE = (-1e3, 1e3), (1e-3, 1e3)
PRIMITIVES = {
    "add": Primitive(operator.add, operator.add, (ANY, ANY)),
    "subtract": Primitive(operator.sub, operator.sub, (ANY, ANY)),
    "multiply": Primitive(operator.mul, operator.mul, (ANY, ANY)),
    "divide": Primitive(operator.truediv, operator.truediv, (ANY, ANY)),
    "reciprocal": Primitive(np.reciprocal, lambda x: 1 / x, (ANY,)),
    "square": Primitive(np.square, lambda x: x * x, (ANY,)),
    "cube": Primitive(lambda x: x**3, lambda x: x**3, (ANY,), 2.0),
    "inverse square": Primitive(lambda x: x**-2, lambda x: 1 / (x * x), (ANY,), 2.0),
    "sqrt": Primitive(np.sqrt, CONTEXT.sqrt, (POSITIVE,)),
    "negative": Primitive(operator.neg, operator.neg, (ANY,), 0.0),
    "absolute": Primitive(np.abs, abs, (ANY,), 0.0),
    "maximum": Primitive(np.maximum, max, (ANY, ANY), 0.0),
    "minimum": Primitive(np.minimum, min, (ANY, ANY), 0.0),
    "exp": Primitive(np.exp, CONTEXT.exp, ((-80.0, 80.0),), _ulps(np.exp)),
    "expm1": Primitive(np.expm1, CONTEXT.expm1, ((-80.0, 80.0),), _ulps(np.expm1)),
    "log": Primitive(np.log, CONTEXT.log, (POSITIVE,), _ulps(np.log)),
    "log1p": Primitive(np.log1p, CONTEXT.log1p, ((-0.99, 1e3),), _ulps(np.log1p)),
    "tanh": Primitive(np.tanh, CONTEXT.tanh, ((-20.0, 20.0),), _ulps(np.tanh)),
    "erf": Primitive(lambda x: evaluate(erf, x), CONTEXT.erf, ((-6.0, 6.0),), _ulps(erf)),
    "erfc": Primitive(lambda x: evaluate(erfc, x), CONTEXT.erfc, ((-6.0, 9.0),), _ulps(erfc)),
}


@st.composite
def operand(draw: st.DrawFn, dtype: str, limits: tuple[float, float]) -> tuple[float, float]:
    """A number of the dtype, also near zero and at either end, and an error from none to half of it."""
    width: Literal[32, 64] = 32 if dtype == "float32" else 64
    low, high = (float(np.float32(limit)) for limit in limits)
    value = draw(st.floats(low, high, width=width) | st.sampled_from([low, high]))
    arithmetic = Arithmetic.of(dtype)
    unit = arithmetic.roundoff
    error = abs(value) * draw(st.sampled_from([0.0, unit, 2 * unit, 64 * unit, 1e-3, 0.1, 0.5]))
    return value, error + arithmetic.tiny if 0 < abs(value) < arithmetic.tiny else error


def corners(operands: list[tuple[float, float]]) -> list[tuple[Any, ...]]:
    """The ends of the operands' intervals, their middle and a point between, in every combination, without rounding."""
    return list(
        itertools.product(*([CONTEXT.mpf(v) + CONTEXT.mpf(e) * t for t in (-1, -0.37, 0, 1)] for v, e in operands))
    )


def worst_ratio(primitive: Primitive, operands: list[tuple[float, float]], dtype: str) -> float | None:
    """The worst deviation that an implementation may have, each of its roundings as adverse as it gets, over the bound.

    None where the bound is infinite. The specification's own value and the exact one are held to the same bound.
    """
    arithmetic = Arithmetic.of(dtype)
    found = primitive.bound(*(Bounded(v, e, arithmetic) for v, e in operands))
    if not np.isfinite(found.error):
        return None
    value, error = CONTEXT.mpf(float(found.value)), CONTEXT.mpf(float(found.error))
    middle = primitive.exact(*(CONTEXT.mpf(v) for v, _ in operands))
    worst = abs(middle - value)
    for point in corners(operands):
        exact = primitive.exact(*point)
        rounded = abs(exact) * primitive.roundings * CONTEXT.mpf(arithmetic.roundoff)
        flush = abs(value) if primitive.roundings and abs(exact) < arithmetic.tiny else 0
        worst = max(worst, abs(exact - value) + rounded, abs(exact - middle) + rounded, flush)
    return float(worst / error) if error else (0.0 if worst == 0 else float("inf"))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", PRIMITIVES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_worst_that_may_happen_within_the_operands_errors_stays_inside(name: str, dtype: str, data: Any) -> None:
    primitive = PRIMITIVES[name]
    operands = [data.draw(operand(dtype, limits)) for limits in primitive.ranges]
    ratio = worst_ratio(primitive, operands, dtype)
    assume(ratio is not None)
    assert ratio is not None
    assert ratio <= 1.0


def samples(primitive: Primitive, dtype: str, relative_error: float) -> list[list[tuple[float, float]]]:
    rng = np.random.default_rng(7)
    drawn = []
    for _ in range(40):
        values = [float(np.dtype(dtype).type(rng.uniform(low, high) / 8)) for low, high in primitive.ranges]
        drawn.append([(value, abs(value) * relative_error) for value in values])
    return drawn


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", PRIMITIVES)
def test_the_bound_is_sharp(name: str, dtype: str) -> None:
    """Attained to a few percent in float32; to a factor of two in float64, where the specification rounds as well."""
    primitive = PRIMITIVES[name]
    unit = Arithmetic.of(dtype).roundoff
    for relative_error in (0.0, 2 * unit, 1e-3):
        if primitive.roundings == 0.0 and relative_error == 0.0:
            continue
        ratios = [worst_ratio(primitive, case, dtype) for case in samples(primitive, dtype, relative_error)]
        worst = max(ratio for ratio in ratios if ratio is not None)
        assert (0.97 if dtype == "float32" else 0.49) <= worst <= 1.0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", PRIMITIVES)
def test_an_error_of_64_roundings_is_outside(name: str, dtype: str) -> None:
    """From exact operands; the roughest function of all is allowed 32."""
    primitive, arithmetic = PRIMITIVES[name], Arithmetic.of(dtype)
    for case in samples(primitive, dtype, 0.0):
        found = primitive.bound(*(Bounded.exact(v, arithmetic) for v, _ in case))
        wrong = primitive.exact(*(CONTEXT.mpf(v) for v, _ in case)) * (1 + 64 * CONTEXT.mpf(arithmetic.unit))
        assert abs(wrong - float(found.value)) > float(found.error)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", PRIMITIVES)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_numpy_on_perturbed_input_stays_inside(name: str, dtype: str, data: Any) -> None:
    """The operation in the dtype itself, on inputs off by an ulp, subnormal numbers kept or flushed."""
    primitive = PRIMITIVES[name]
    size = data.draw(st.integers(1, 9))
    drawn = [[data.draw(operand(dtype, limits))[0] for _ in range(size)] for limits in primitive.ranges]
    plain = [np.asarray(values, dtype) for values in drawn]
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    found = primitive.bound(*(Bounded.input(x, Arithmetic.of(dtype)) for x in plain))
    with np.errstate(all="ignore"):
        answers = [primitive.apply(*(perturbed(x, rng) for x in plain))]
        read = primitive.apply(*(perturbed(flushed(x), rng) for x in plain))
        answers.append(flushed(read) if primitive.roundings else read)
    for answer in answers:
        assert answer.dtype == dtype
        with np.errstate(invalid="ignore"):
            inside = np.abs(answer.astype(np.float64) - found.value) <= found.error
        assert np.all(inside | found.undecided), (answer, found)


@pytest.mark.parametrize("dtype", DTYPES)
def test_products_and_quotients_that_underflow_may_be_flushed_and_exact_zeros_stay(dtype: str) -> None:
    arithmetic = Arithmetic.of(dtype)
    small = Bounded.input(arithmetic.tiny * 4, arithmetic)
    product = small * 0.125
    assert product.error >= product.value > 0
    assert product.error < 2 * arithmetic.tiny
    subnormal = Bounded.input(arithmetic.tiny / 4, arithmetic)
    assert subnormal.error >= arithmetic.tiny
    assert (subnormal * 1e6).error >= arithmetic.tiny * 1e6
    zero = Bounded.input(0.0, arithmetic)
    for exact in (zero * small, zero / 3.0, zero + zero, np.sqrt(zero), np.tanh(zero), np.expm1(zero), zero - zero):
        assert exact.value == exact.error == 0.0
    assert np.exp(Bounded.exact(-1e5, arithmetic)).error == arithmetic.tiny
    far: Any = Bounded.exact(1e3, arithmetic)
    assert erfc(far).error == arithmetic.tiny


def test_what_may_overflow_or_leave_the_domain_is_undecided() -> None:
    arithmetic = Arithmetic.of("float32")
    large = Bounded.input([1e38, 3e38], arithmetic)
    assert (large * 3.0).undecided.tolist() == [False, True]
    assert np.sum(large).undecided
    assert np.mean(Bounded.input([3e38, -3e38, 3e38, -3e38], arithmetic)).undecided
    near_zero = Bounded(np.asarray([1.0, 1.0, 0.0]), np.asarray([0.5, 1.0, 0.25]), arithmetic)
    assert (1.0 / near_zero).undecided.tolist() == [False, True, True]
    assert np.log(near_zero).undecided.tolist() == [False, True, True]
    assert np.log1p(near_zero - 1.5).undecided.tolist() == [True, True, True]
    assert np.sqrt(near_zero).undecided.tolist() == [False, False, False]
    assert np.sqrt(-near_zero - 1.0).undecided.all()
    assert np.exp(Bounded.input(89.0, arithmetic)).undecided
    assert not np.exp(Bounded.input(88.0, arithmetic)).undecided
    assert Bounded.input([np.nan, np.inf, -np.inf], arithmetic).undecided.all()


@pytest.mark.parametrize("function", [np.tanh, np.exp, np.square, np.sqrt, np.abs, lambda x: evaluate(erf, x)])
def test_an_undecided_operand_stays_undecided_and_no_error_is_nan(function: Callable[[Bounded], Bounded]) -> None:
    arithmetic = Arithmetic.of("float32")
    values = np.asarray([0.0, 1.0, -1.0, np.inf, -np.inf, np.nan])
    unknown = Bounded(values, np.full(6, np.inf), arithmetic)
    zero = Bounded.exact(np.zeros(6), arithmetic)
    pairs = [unknown + zero, unknown * zero, zero * unknown, unknown / 2.0, zero / unknown, unknown - unknown]
    for found in (
        function(unknown),
        *pairs,
        np.maximum(unknown, 0.0),
        np.minimum(unknown, 1.0),
        unknown[:, None] @ zero[None],
    ):
        assert np.all(found.error == np.inf)


@pytest.mark.parametrize("ends", [(0.0, 1e-4), (1e-8, 1e-8), (1e-8, 2e-8), (0.0, 0.0)])
def test_a_root_near_zero_reaches_to_both_ends(ends: tuple[float, float]) -> None:
    value, error = ends
    root = np.sqrt(Bounded(value, error, Arithmetic.of("float64")))
    reach = max(np.sqrt(value + error) - np.sqrt(value), np.sqrt(value) - np.sqrt(max(value - error, 0.0)))
    assert reach <= root.error <= reach * (1 + 1e-12)
