"""Floating-point formats, the arithmetic that an implementation is assumed to compute in, and what it may be off by.

Source of the error model: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, chapters 2 to 4;
for the long random sums Higham and Mary, A new approach to probabilistic rounding error analysis, SIAM J. Sci. Comput.
41 (2019).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reference.special import erf, erfc

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Unit roundoff of the specification's own arithmetic, float64.
OWN_ROUNDOFF = 2.0**-53
#: Above the few float64 roundings that computing one bound takes: a bound is multiplied by it, so that it stays one.
SLACK = 1.0 + 2.0**-49


@dataclass(frozen=True)
class Format:
    """A binary floating-point format: unit roundoff, smallest normal number, largest finite number."""

    roundoff: float
    tiny: float
    largest: float


#: IEEE 754-2019 table 3.5; bfloat16 has the exponent of binary32 and eight significant bits.
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "float16": Format(2.0**-11, 2.0**-14, 65504.0),
        "bfloat16": Format(2.0**-8, 2.0**-126, (2 - 2.0**-7) * 2.0**127),
        "float32": Format(2.0**-24, 2.0**-126, (2 - 2.0**-23) * 2.0**127),
        "float64": Format(2.0**-53, 2.0**-1022, float(np.finfo(np.float64).max)),
    }
)

#: Largest error of a transcendental function in units in the last place: The OpenCL C Specification 3.0, section 7.4,
#: "Relative Error as ULPs", single and double precision, full profile.
ULPS: Mapping[np.ufunc, float] = MappingProxyType(
    {np.exp: 3.0, np.expm1: 3.0, np.log: 3.0, np.log1p: 2.0, np.tanh: 5.0, erf: 16.0, erfc: 16.0}
)

#: Sums of random data longer than this get the probabilistic bound (terms), with this factor lambda (Higham and Mary
#: 2019).
LONG_SUM = 1024
_LAMBDA = 8.0


def format_of(dtype: str) -> Format:
    """The format of a dtype by its NumPy name; ValueError for any other."""
    try:
        return FORMATS[dtype]
    except KeyError:
        raise ValueError(f"no floating-point format {dtype!r}: one of {', '.join(FORMATS)}") from None


def largest(dtype: str) -> float:
    """The largest finite number of a dtype."""
    return format_of(dtype).largest


@dataclass(frozen=True)
class Arithmetic:
    """What an implementation computes in: round to nearest in ``dtype``; results below ``tiny`` may be flushed to zero.

    ``random_sums``: the data are random, so that long sums may be held to the probabilistic bound.
    """

    dtype: str
    roundoff: float
    tiny: float
    largest: float
    random_sums: bool = False
    #: Unit roundoff that sums are kept in, each rounded to ``dtype`` once it is whole; None: that of ``dtype``.
    adding: float | None = None
    #: How many copies every array stands for, one after another along the axes that are summed over.
    repeats: int = 1
    #: Relative error of one operation, the specification's own float64 rounding included.
    unit: float = field(init=False, repr=False, compare=False)
    #: What one operation makes of the error that came in, and of the magnitude of its result.
    grow: float = field(init=False, repr=False, compare=False)
    fresh: float = field(init=False, repr=False, compare=False)
    #: A result that may be smaller may have been flushed. For float64 well above its smallest normal number, because
    #: there the float64 that a bound is computed in underflows too.
    low: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        unit = self.roundoff + OWN_ROUNDOFF
        derived = {"unit": unit, "grow": (1.0 + unit) * SLACK, "fresh": unit * SLACK, "low": max(self.tiny, 2.0**-960)}
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    @staticmethod
    @functools.cache
    def of(dtype: str, native: bool = False, random_sums: bool = False) -> Arithmetic:
        """What ``dtype`` tensors are computed in: float32 at least or, if ``native``, the 16-bit dtype itself."""
        format_of(dtype)
        compute = dtype if native or dtype == "float64" else "float32"
        kept = FORMATS[compute]
        return Arithmetic(compute, kept.roundoff, kept.tiny, kept.largest, random_sums)

    def gamma(self, n: int) -> float:
        """Relative error of a sum of ``n`` terms (each repeated) with respect to that of magnitudes: in any order; of
        millions of terms that are not random in parts, each copy's first.
        """
        several = n * self.repeats > LONG_SUM and self.random_sums
        n = n * self.repeats if several else n + self.repeats - 1
        unit, last = (self.unit, 0.0) if self.adding is None else (self.adding + OWN_ROUNDOFF, 2.0 * self.unit)
        if several:
            return _LAMBDA * math.sqrt(n) * unit + last
        return n * unit / (1.0 - n * unit) + last if n * unit < 1.0 else math.inf

    def represents(self, value: Array) -> Mask:
        """Where a finite float64 within range is a number of ``dtype``, subnormal ones included."""
        if self.dtype == "float64":
            return np.ones(np.shape(value), bool)
        if self.dtype != "bfloat16":
            return np.asarray(value.astype(self.dtype) == value)
        single = value.astype(np.float32)
        return np.asarray((single == value) & (single.view(np.uint32) & 0xFFFF == 0))

    def constant(self, value: Any) -> tuple[Any, Any]:
        """A plain number or array as float64 value and error: a number that ``dtype`` does not have is rounded to it.

        An infinity is exact; NaN, and what is beyond the range of ``dtype``, is undecided; a subnormal number may be
        read as 0.
        """
        if isinstance(value, (bool, int, float)):
            number = float(value)
            if number == 0.0 or (self.tiny <= abs(number) <= self.largest and self._has(number)):
                return number, 0.0
            value = number
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"conformance.bounded computes with real numbers, not with {array.dtype}")
        array = array.astype(np.float64, copy=False)
        size = np.abs(array)
        error = np.where(self.represents(array), 0.0, self.roundoff * size)
        error = np.where((size > 0) & (size < self.tiny), self.tiny, error)
        return array, np.where((size <= self.largest) | np.isinf(array), error, np.inf)

    def _has(self, number: float) -> bool:
        if self.dtype == "float32":
            return float(np.float32(number)) == number
        return self.dtype == "float64" or bool(self.represents(np.asarray(number)))
