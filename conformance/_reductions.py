"""Rounding-error rules of sums, means, extremes and matrix products, in the manner of :mod:`conformance._rules`.

A sum of n terms, in whatever order and blocking, is off by at most gamma_n = nu/(1-nu) times the sum of magnitudes
(Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, section 4.2); a dot product likewise
(section 3.1).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance._arithmetic import OWN_ROUNDOFF, SLACK, Arithmetic
from conformance._rules import Pair, divide, reach, settle

Axis = int | tuple[int, ...] | None


def _gathered(arithmetic: Arithmetic, error: Any, magnitude: Any, n: int, roundings: int) -> Any:
    """Error of a sum: its terms' own, gamma_n of their magnitudes, and what each of its roundings may have flushed.

    Any partial sum may be the one that overflows, so the magnitudes decide. Zeros alone add up to an exact zero.
    """
    gamma = arithmetic.gamma(n)
    total = error + gamma * magnitude + np.where(magnitude > 0, roundings * arithmetic.tiny, 0.0)
    # The float64 sums of magnitudes and errors are themselves rounded, n times over.
    total = total * (1.0 + 2 * (n + 8) * OWN_ROUNDOFF)
    return np.where(magnitude * (1.0 + gamma) <= arithmetic.largest, total, np.inf)


def total(arithmetic: Arithmetic, a: Any, ea: Any, axis: Axis = None, keepdims: bool = False) -> Pair:
    value = np.sum(a, axis=axis, keepdims=keepdims)
    error = np.sum(ea, axis=axis, keepdims=keepdims)
    n, repeats = _terms(a, value), arithmetic.repeats
    if n * repeats > 1:
        magnitude = np.sum(np.abs(a), axis=axis, keepdims=keepdims) + error
        if repeats > 1:
            value, error, magnitude = value * repeats, error * repeats, magnitude * repeats
        error = _gathered(arithmetic, error, magnitude, n, n * repeats - 1)
    return settle(arithmetic, value, error, lambda: True)


def mean(arithmetic: Arithmetic, a: Any, ea: Any, axis: Axis = None, keepdims: bool = False) -> Pair:
    value, error = total(arithmetic, a, ea, axis, keepdims)
    n = _terms(a, value) * arithmetic.repeats
    return (value, error) if n == 1 else divide(arithmetic, value, error, *arithmetic.constant(n))


def _terms(a: Any, result: Any) -> int:
    """How many elements went into each element of a reduction's result (where that has elements at all)."""
    return int(np.size(a) // max(np.size(result), 1))


def highest(arithmetic: Arithmetic, a: Any, ea: Any, axis: Axis = None, keepdims: bool = False) -> Pair:
    """A maximum lies between the highest lower and the highest upper end; the upper side is the longer."""
    beyond = reach(np.max(a, axis=axis, keepdims=True) - a, ea)
    error = np.max(beyond, axis=axis, keepdims=keepdims) * SLACK
    return settle(arithmetic, np.max(a, axis=axis, keepdims=keepdims), error, lambda: True)


def lowest(arithmetic: Arithmetic, a: Any, ea: Any, axis: Axis = None, keepdims: bool = False) -> Pair:
    beyond = reach(a - np.min(a, axis=axis, keepdims=True), ea)
    error = np.max(beyond, axis=axis, keepdims=keepdims) * SLACK
    return settle(arithmetic, np.min(a, axis=axis, keepdims=keepdims), error, lambda: True)


def matmul(arithmetic: Arithmetic, a: Any, ea: Any, b: Any, eb: Any) -> Pair:
    value = np.matmul(a, b)
    n = np.shape(a)[-1]
    size, far = np.abs(a), np.abs(b) + eb
    error = np.matmul(size, eb) + np.matmul(ea, far)
    magnitude = np.matmul(size, np.abs(b)) + error
    error = _gathered(arithmetic, error, magnitude, n, 2 * n)
    if arithmetic.low > arithmetic.tiny:
        # In float64 a product of magnitudes may have underflown too: only a product of exact zeros is surely zero.
        some = np.matmul(size + ea > 0, far > 0)
        error = np.where(some & (magnitude < arithmetic.low), error + 2 * n * arithmetic.tiny, error)
    return settle(arithmetic, value, error, lambda: True)
