"""Outcome and specification to verdict: element by element, against the derived bound and nothing else."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.bounded import Bounded, largest

Array = np.ndarray[Any, np.dtype[Any]]

#: From the best to the worst: what arithmetic explains the answer.
GRADES = ("stable", "one-pass", "cancelling", "single", "rounded", "native", "none")


def worse(one: str, other: str) -> str:
    """The lower of two grades."""
    return max(one, other, key=GRADES.index)


@dataclass(frozen=True, eq=False)
class Comparison:
    """One output against its expectation, element by element."""

    got: Array  #: float64
    expected: Array  #: float64
    tolerance: Array  #: float64; inf where undecided
    failing: Array  #: bool
    undecided: Array  #: bool

    @functools.cached_property
    def ratio(self) -> Array:
        """Error over bound; 0 where undecided, inf where the answer is no number."""
        with np.errstate(all="ignore"):
            ratio = np.abs(self.got - self.expected) / self.tolerance
        ratio = np.where(self.got == self.expected, 0.0, ratio)
        ratio = np.where(np.isnan(ratio), np.inf, ratio)
        # An infinite answer that is accepted (a value beyond the dtype's maximum) has no finite error.
        return np.where(self.undecided | (np.isinf(self.got) & ~self.failing), 0.0, ratio)

    @property
    def worst(self) -> float:
        return float(self.ratio.max(initial=0.0))

    @functools.cached_property
    def within(self) -> float:
        """The worst of those that do not fail."""
        return float(self.ratio[~self.failing].max(initial=0.0))

    @property
    def decided(self) -> int:
        return int(self.got.size - np.count_nonzero(self.undecided))

    def worst_index(self, among: Array | None = None) -> tuple[int, ...]:
        """Where the error is largest in units of the bound (among the elements of a mask)."""
        ratio = self.ratio if among is None else np.where(among, self.ratio, -1.0)
        return tuple(int(i) for i in np.unravel_index(int(np.argmax(ratio)), ratio.shape))


def compare(got: Array, expected: Bounded, dtype: str) -> Comparison:
    """Whether each element of ``got`` (the subject's answer, of ``dtype``) lies within the bound of its expectation.

    A value that may lie beyond the dtype's maximum may be infinite, with the right sign. An element whose bound is not
    finite is undecided, not passed: it counts as neither. Where the specification itself gives NaN, NaN is expected.
    """
    answer = np.asarray(got, np.float64)
    value, tolerance = expected.value, expected.tolerance(dtype)
    undecided = ~np.isfinite(tolerance) | ~np.isfinite(value)
    with np.errstate(all="ignore"):
        within = np.abs(answer - value) <= tolerance
        overflow = np.isinf(answer) & (np.abs(value) + tolerance > largest(dtype)) & (np.sign(answer) == np.sign(value))
    return Comparison(answer, value, tolerance, ~(within | overflow | undecided), undecided)


def identical(got: Array, expected: Array) -> Array:
    """Equality to the bit (signs of zero and payloads of NaN included), element by element."""
    one, other = np.ascontiguousarray(got), np.ascontiguousarray(expected)
    if one.shape != other.shape or one.dtype != other.dtype:
        return np.zeros(other.shape, bool)
    return np.asarray(one.view(f"u{one.itemsize}") == other.view(f"u{other.itemsize}"))
