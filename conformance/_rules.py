"""Rounding-error rules of the elementwise operations.

Every rule takes the arithmetic and its operands as pairs of float64 value and absolute error, and returns such a pair.
The value is what NumPy gives for the values, to the bit. The error bounds |c - value| over every c that a sound
implementation may have computed from operands within their errors; inf means that no bound is known. Nothing is dropped
to first order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from conformance._arithmetic import OWN_ROUNDOFF, SLACK, ULPS, Arithmetic, Array
from reference.special import erf, erfc, evaluate

Pair = tuple[Any, Any]
Rule = Callable[..., Pair]

#: A float64 argument of exp(-x^2) or exp(x) in range is off by at most 729 or 745 roundings; this exceeds what they do.
_WIDE_SLACK = 1.0 + 2.0**-40
#: Beyond it erfc is zero in float64.
_ERFC_VANISHES = 27.3
#: The largest exponent, either way, that ``**`` takes.
_LARGEST_POWER = 16


def exact_zero(value: Any, error: Any) -> Any:
    return np.equal(value, 0) & np.equal(error, 0)


def settle(arithmetic: Arithmetic, value: Any, error: Any, exact: Any = None) -> Pair:
    """Allow for a flushed result (not where ``exact``, a callable, says so) and give up beyond the largest number."""
    size = np.abs(value)
    clear = size - error >= arithmetic.low
    if not np.logical_and.reduce(clear, axis=None):
        if exact is not None:
            clear = clear | exact()
        error = np.where(clear, error, error + arithmetic.tiny)
    finite = size + error <= arithmetic.largest
    if not np.logical_and.reduce(finite, axis=None):
        error = np.where(finite, error, np.inf)
    return value, error


def _rounded(arithmetic: Arithmetic, value: Any, error: Any, exact: Any = None) -> Pair:
    """``error``, carried over from the operands, and one rounding of what was computed."""
    return settle(arithmetic, value, error * arithmetic.grow + np.abs(value) * arithmetic.fresh, exact)


def add(arithmetic: Arithmetic, a: Any, ea: Any, b: Any, eb: Any) -> Pair:
    value, error = np.add(a, b), ea + eb
    return _rounded(arithmetic, value, error, lambda: exact_zero(value, error))


def subtract(arithmetic: Arithmetic, a: Any, ea: Any, b: Any, eb: Any) -> Pair:
    value, error = np.subtract(a, b), ea + eb
    return _rounded(arithmetic, value, error, lambda: exact_zero(value, error))


def multiply(arithmetic: Arithmetic, a: Any, ea: Any, b: Any, eb: Any) -> Pair:
    # |a| eb + |b| ea + ea eb
    error = np.abs(a) * eb + (np.abs(b) + eb) * ea
    return _rounded(arithmetic, np.multiply(a, b), error, lambda: exact_zero(a, ea) | exact_zero(b, eb))


def divide(arithmetic: Arithmetic, a: Any, ea: Any, b: Any, eb: Any, floor: float = 0.0) -> Pair:
    """``floor``: what the magnitude of the divisor is known not to fall below."""
    value = np.divide(a, b)
    least = np.maximum(np.abs(b) - eb, floor)
    error = (ea + np.abs(value) * eb) / np.where(least > 0, least, np.nan)
    return _rounded(arithmetic, value, error, lambda: exact_zero(a, ea))


def reciprocal(arithmetic: Arithmetic, a: Any, ea: Any) -> Pair:
    return divide(arithmetic, 1.0, 0.0, a, ea)


def square(arithmetic: Arithmetic, a: Any, ea: Any) -> Pair:
    return multiply(arithmetic, a, ea, a, ea)


def power(arithmetic: Arithmetic, a: Any, ea: Any, exponent: Any, value: Any = None) -> Pair:
    """An integer power as repeated products; ``value``: what plain evaluation gives, if it is not ``np.power``."""
    if isinstance(exponent, np.ndarray) or exponent != int(exponent) or abs(exponent) > _LARGEST_POWER:
        raise TypeError(f"conformance.bounded raises to integers from -16 to 16 alone, not to {exponent!r}")
    value = np.power(a, exponent) if value is None else value
    product: Pair = (np.ones_like(a), np.zeros_like(a))
    if exponent:
        product = (a, ea)
        for _ in range(abs(int(exponent)) - 1):
            product = multiply(arithmetic, *product, a, ea)
        if exponent < 0:
            product = reciprocal(arithmetic, *product)
    # The products in float64 and the library's power differ, both within the float64 part of the bound or not.
    return settle(arithmetic, value, (product[1] + np.abs(value - product[0])) * SLACK, lambda: product[1] == 0)


def sqrt(arithmetic: Arithmetic, a: Any, ea: Any, floor: float = 0.0) -> Pair:
    """The deviation is written without cancellation: sqrt(a) - sqrt(a-e) = e / (sqrt(a) + sqrt(a-e)).

    ``floor``: what the argument is known not to fall below.
    """
    value = np.sqrt(a)
    lower = value + np.sqrt(np.maximum(a - ea, 0.0))
    error = ea / np.where(lower > 0, lower, 1.0)
    if not np.logical_and.reduce(a - ea > floor, axis=None):
        upper = ea / np.maximum(np.sqrt(a + ea) + value, math.ulp(0.0))
        down = np.maximum(a - floor, 0.0) / np.maximum(value + math.sqrt(floor), math.ulp(0.0))
        error = np.where(a - ea > floor, error, np.maximum(down, upper))
    return _rounded(arithmetic, value, error, lambda: exact_zero(a, ea))


def negative(arithmetic: Arithmetic, a: Any, ea: Any) -> Pair:
    return np.negative(a), ea


def positive(arithmetic: Arithmetic, a: Any, ea: Any) -> Pair:
    return a, ea


def absolute(arithmetic: Arithmetic, a: Any, ea: Any) -> Pair:
    return np.abs(a), ea


def reach(distance: Any, error: Any) -> Any:
    """How far past the winner, ``distance`` away, a loser with ``error`` may come; the rounded distance is shrunk."""
    return error - distance * (1.0 - 2.0**-50)


def _extreme(arithmetic: Arithmetic, value: Any, above: Any, ea: Any, below: Any, eb: Any) -> Pair:
    # The winner's own error bounds the other side: the extreme of the far ends is no farther than the winner's far end.
    return settle(arithmetic, value, np.maximum(reach(above, ea), reach(below, eb)) * SLACK, lambda: True)


def maximum(arithmetic: Arithmetic, a: Any, ea: Any, b: Any, eb: Any) -> Pair:
    value = np.maximum(a, b)
    return _extreme(arithmetic, value, _distance(value, a), ea, _distance(value, b), eb)


def minimum(arithmetic: Arithmetic, a: Any, ea: Any, b: Any, eb: Any) -> Pair:
    value = np.minimum(a, b)
    return _extreme(arithmetic, value, _distance(value, a), ea, _distance(value, b), eb)


def _distance(value: Any, other: Any) -> Any:
    return np.abs(value - other)


def _function(arithmetic: Arithmetic, ufunc: np.ufunc, value: Any, error: Any, exact: bool) -> Pair:
    """Add the function's allowance in ulps, each at most 2u of the value, to the deviation of the interval's ends.

    The float64 part of ``unit`` likewise covers NumPy's own function, which is well within the same table. ``exact``:
    the function is zero at zero alone, so that an exact zero of it is one.
    """
    zero = (lambda: exact_zero(value, error)) if exact else None
    allowance = 2.0 * ULPS[ufunc] * arithmetic.fresh
    return settle(arithmetic, value, error + (np.abs(value) + error) * allowance, zero)


# The deviation of a function at the ends of an interval is nowhere computed as the difference of two rounded values,
# which would lose the narrow intervals of float64, but by its addition theorem or its steepest slope.


def exp(arithmetic: Arithmetic, a: Any, ea: Any) -> Pair:
    return _function(arithmetic, np.exp, np.exp(a), _exponential_deviation(a, ea), exact=False)


def expm1(arithmetic: Arithmetic, a: Any, ea: Any) -> Pair:
    return _function(arithmetic, np.expm1, np.expm1(a), _exponential_deviation(a, ea), exact=True)


def _exponential_deviation(a: Any, ea: Any) -> Any:
    # exp(a+e) - exp(a) = exp(a+e) (1 - exp(-e)); the way up is the longer one.
    return np.exp(a + ea) * -np.expm1(-ea) * _WIDE_SLACK


def log(arithmetic: Arithmetic, a: Any, ea: Any) -> Pair:
    return _function(arithmetic, np.log, np.log(a), _logarithmic_deviation(a, ea), exact=True)


def log1p(arithmetic: Arithmetic, a: Any, ea: Any) -> Pair:
    return _function(arithmetic, np.log1p, np.log1p(a), _logarithmic_deviation(1.0 + a, ea), exact=True)


def _logarithmic_deviation(a: Any, ea: Any) -> Any:
    # log(a) - log(a-e) = -log1p(-e/a); the way down is the longer one, and from e = a on it has no end.
    ratio = np.divide(ea, a) * SLACK
    return np.where((ratio < 1) & (a > 0), -np.log1p(-ratio) * SLACK, np.inf)


def tanh(arithmetic: Arithmetic, a: Any, ea: Any) -> Pair:
    """tanh(m) - tanh(m-e) = tanh(e) (1 - tanh(m) tanh(m-e)) for m = |a|, towards zero, where the slope is steeper."""
    value = np.tanh(a)
    # The difference from 1 cancels for large m; what it loses is a few roundings of the value, hence small beside 5
    # ulps.
    nearer = np.tanh(np.nextafter(np.abs(a) - ea, -np.inf))
    error = np.tanh(ea) * (1.0 + 8 * OWN_ROUNDOFF - np.abs(value) * nearer) * SLACK
    return _function(arithmetic, np.tanh, value, np.where(ea < np.inf, error, np.inf), exact=True)


def _gauss_deviation(a: Any, ea: Any) -> Any:
    """How far erf, and so erfc, moves: by its slope at the end nearer to zero, and no more than its ends."""
    far = np.abs(a)
    near = np.nextafter(far - ea, -np.inf)
    slope = (2.0 / math.sqrt(math.pi)) * np.exp(-np.square(np.maximum(near, 0.0))) * _WIDE_SLACK
    # Two values of erfc, each rounded by a few units: an upper bound, but a blunt one where the interval is narrow.
    ends = evaluate(erfc, near) * (1.0 + 2.0**-48) - evaluate(erfc, far) * (1.0 - 2.0**-48)
    return np.where(ea < np.inf, np.minimum(slope * ea, ends), np.inf)


def erf_rule(arithmetic: Arithmetic, a: Any, ea: Any) -> Pair:
    return _function(arithmetic, erf, evaluate(erf, a), _gauss_deviation(a, ea), exact=True)


def erfc_rule(arithmetic: Arithmetic, a: Any, ea: Any) -> Pair:
    value = evaluate(erfc, a)
    # SciPy computes exp(-x^2) of the rounded square: in the tail its own float64 result is off by more than the table.
    own = np.square(np.clip(a, 0.0, _ERFC_VANISHES)) * OWN_ROUNDOFF * value
    return _function(arithmetic, erfc, value, _gauss_deviation(a, ea) + own, exact=False)


def _apart(a: Any, ea: Any, b: Any, eb: Any) -> tuple[Any, Any, Any]:
    """Distance of the values, the sum of the errors (enlarged: both are rounded), and where it is finite."""
    reach_of_both = np.add(ea, eb) * SLACK
    return np.subtract(a, b), reach_of_both, reach_of_both < np.inf


def greater(a: Any, ea: Any, b: Any, eb: Any) -> tuple[Any, Any]:
    """Where a > b holds for all, and for any, numbers within the errors."""
    distance, errors, known = _apart(a, ea, b, eb)
    return (distance > errors) & known, ~((distance <= -errors) & known)


def greater_equal(a: Any, ea: Any, b: Any, eb: Any) -> tuple[Any, Any]:
    distance, errors, known = _apart(a, ea, b, eb)
    return (distance >= errors) & known, ~((distance < -errors) & known)


def less(a: Any, ea: Any, b: Any, eb: Any) -> tuple[Any, Any]:
    return greater(b, eb, a, ea)


def less_equal(a: Any, ea: Any, b: Any, eb: Any) -> tuple[Any, Any]:
    return greater_equal(b, eb, a, ea)


def equal(a: Any, ea: Any, b: Any, eb: Any) -> tuple[Any, Any]:
    distance, errors, known = _apart(a, ea, b, eb)
    return (distance == 0) & (errors == 0), ~((np.abs(distance) > errors) & known)


def not_equal(a: Any, ea: Any, b: Any, eb: Any) -> tuple[Any, Any]:
    surely, possibly = equal(a, ea, b, eb)
    return ~possibly, ~surely


#: ufunc -> rule(arithmetic, value, error, ...)
OPERATIONS: Mapping[np.ufunc, Rule] = MappingProxyType(
    {
        np.add: add,
        np.subtract: subtract,
        np.multiply: multiply,
        np.divide: divide,
        np.reciprocal: reciprocal,
        np.square: square,
        np.sqrt: sqrt,
        np.negative: negative,
        np.positive: positive,
        np.absolute: absolute,
        np.maximum: maximum,
        np.minimum: minimum,
        np.exp: exp,
        np.expm1: expm1,
        np.log: log,
        np.log1p: log1p,
        np.tanh: tanh,
        erf: erf_rule,
        erfc: erfc_rule,
    }
)
#: ufunc -> rule(value, error, value, error) -> (surely, possibly)
COMPARISONS: Mapping[np.ufunc, Callable[..., tuple[Any, Any]]] = MappingProxyType(
    {
        np.greater: greater,
        np.greater_equal: greater_equal,
        np.less: less,
        np.less_equal: less_equal,
        np.equal: equal,
        np.not_equal: not_equal,
    }
)
__all__ = ["COMPARISONS", "OPERATIONS", "Array", "Pair", "power", "reach", "settle"]
