"""Sound ways to add up and multiply, all in the dtype of the data, for tests that try every order they can think of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Sum = Callable[[Array], Any]


def forward(terms: Array) -> Any:
    """Left to right. Terms of shape [n], the sum a scalar of their dtype, as in every function here."""
    total = terms.dtype.type(0)
    for term in terms:
        total += term
    return total


def backward(terms: Array) -> Any:
    return forward(terms[::-1])


def pairwise(terms: Array) -> Any:
    if len(terms) < 2:
        return forward(terms)
    half = len(terms) // 2
    return pairwise(terms[:half]) + pairwise(terms[half:])


def blocked(terms: Array) -> Any:
    """Blocks of four, as a vector unit adds them."""
    return forward(np.asarray([forward(terms[start : start + 4]) for start in range(0, len(terms), 4)], terms.dtype))


def kahan(terms: Array) -> Any:
    """Compensated summation."""
    total = carry = terms.dtype.type(0)
    for term in terms:
        corrected = term - carry
        grown = total + corrected
        carry = (grown - total) - corrected
        total = grown
    return total


def rising(terms: Array) -> Any:
    return forward(terms[np.argsort(np.abs(terms))])


def falling(terms: Array) -> Any:
    return forward(terms[np.argsort(-np.abs(terms))])


def shuffled(terms: Array) -> Any:
    return forward(np.random.default_rng(len(terms)).permutation(terms))


def widened(terms: Array) -> Any:
    """In float64, rounded once."""
    return terms.dtype.type(np.sum(terms.astype(np.float64)))


SUMS: dict[str, Sum] = {
    function.__name__: function
    for function in (forward, backward, pairwise, blocked, kahan, rising, falling, shuffled, widened)
}


def dot(a: Array, b: Array, add: Sum) -> Any:
    """Products rounded, then added in the given order."""
    return add(a * b)


def fused(a: Array, b: Array) -> Any:
    """A chain of fused multiply-adds: products of float32 are exact in float64, so that each step rounds once."""
    total = a.dtype.type(0)
    for one, other in zip(a, b, strict=True):
        total = a.dtype.type(np.float64(one) * np.float64(other) + np.float64(total))
    return total


def perturbed(x: Array, rng: np.random.Generator) -> Array:
    """Each element moved by one unit in the last place, up, down or not at all: 2u|x| at most. Zeros stay."""
    direction = rng.choice(np.asarray([-np.inf, 0.0, np.inf]), x.shape)
    moved = np.nextafter(x, np.where(direction == 0, x, direction).astype(x.dtype))
    return np.asarray(np.where(x == 0, x, moved), x.dtype)


def flushed(x: Array) -> Array:
    """Subnormal numbers read, or written, as zero."""
    return np.where(np.abs(x) < np.finfo(x.dtype).tiny, x.dtype.type(0), x)
