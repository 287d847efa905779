"""Numeric regimes: what kind of numbers a tensor holds.

A regime turns standard variates z (drawn by Hypothesis for a small tensor, by a seeded generator for a large one) into
values of the dtype. So a large tensor is one line to print,
``fill("offset", (64, 3), seed=7, dtype="float32", ratio=1e4)``, and a small one shrinks to something that a person can
read.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from adapters.base import dtype_of
from conformance.bounded import format_of

Array = np.ndarray[Any, np.dtype[Any]]

#: Regimes whose rounding errors may be taken as random: the probabilistic bound for long sums holds for them. Not so
#: where one sign or a few large terms dominate a sum (offset, wide): there the errors of a running sum lean to one
#: side. It holds for ones too, with which only the clauses of millions of values fill a tensor: every sum of up to 2^24
#: of them is exact, so that where a sum is kept in several parts only the parts' own few additions round.
RANDOM = frozenset({"normal", "ones"})


def _exponents(dtype: np.dtype[Any]) -> tuple[float, float]:
    """Base-10 logarithms of the smallest normal and the largest finite number."""
    kind = format_of(dtype.name)
    return math.log10(kind.tiny), math.log10(kind.largest)


def _normal(z: Array, dtype: np.dtype[Any], scale: float = 1.0) -> Array:
    return scale * z


def _offset(z: Array, dtype: np.dtype[Any], ratio: float = 1e3, scale: float = 1.0) -> Array:
    """The mean's ratio to the deviation; less where the dtype's rounding would leave no deviation."""
    return scale * (min(ratio, 0.1 / format_of(dtype.name).roundoff) + z)


def _tiny(z: Array, dtype: np.dtype[Any]) -> Array:
    return np.asarray(z * 10.0 ** (0.6 * _exponents(dtype)[0]))


def _huge(z: Array, dtype: np.dtype[Any]) -> Array:
    # Squares, and sums of a few thousand of them, stay representable where they are computed: beyond that no bound is
    # finite. Those of float16 are computed in float32, and overflow float16.
    top = _exponents(dtype)[1]
    return np.asarray(z * 10.0 ** (0.6 * top if dtype.name == "float16" else 0.4 * top))


def _extreme(z: Array, dtype: np.dtype[Any]) -> Array:
    """Up to the largest finite number, for functions that never square their input."""
    top = _exponents(dtype)[1]
    return np.asarray(np.sign(z) * 10.0 ** np.clip(top - 0.5 - 4 * np.abs(np.abs(z) - 1), 0, top - 0.01))


def _largest(z: Array, dtype: np.dtype[Any]) -> Array:
    """The last decade before the largest finite number, and that number itself."""
    return np.asarray(np.where(np.signbit(z), -1.0, 1.0) * format_of(dtype.name).largest * 10.0 ** -(np.abs(z) % 1.0))


def _smallest(z: Array, dtype: np.dtype[Any]) -> Array:
    """The first decade from the smallest normal number, and that number itself."""
    return np.asarray(np.where(np.signbit(z), -1.0, 1.0) * format_of(dtype.name).tiny * 10.0 ** (np.abs(z) % 1.0))


def _constant(z: Array, dtype: np.dtype[Any]) -> Array:
    return np.full_like(z, z.flat[0]) if z.size else z


def _outlier(z: Array, dtype: np.dtype[Any], factor: float = 1e4) -> Array:
    out = z.copy()
    if out.size:
        out.flat[out.size // 2] *= factor
    return out


def _subnormal(z: Array, dtype: np.dtype[Any]) -> Array:
    return np.asarray(z * format_of(dtype.name).tiny / 4)


def _zeros(z: Array, dtype: np.dtype[Any]) -> Array:
    return np.where(np.abs(z) < 0.7, np.copysign(0.0, z), z)


def _wide(z: Array, dtype: np.dtype[Any], decades: float = 4.0) -> Array:
    return np.asarray(np.sign(z) * 10.0 ** (decades * (np.abs(z) - 1)))


#: Where formulas change branch, saturate, or lose their last digit.
LANDMARKS = (0.0, 0.5, 1.0, 3.0, 6.0, 9.0, 17.0, 20.0, 38.0, 88.0, 104.0, 709.0)


def _landmarks(z: Array, dtype: np.dtype[Any]) -> Array:
    """Neighbours of the landmarks on both sides of zero, up to two steps of the last place or of a twentieth away."""
    choice = np.floor(np.abs(z) * 32).astype(np.int64)
    landmark = np.array(LANDMARKS).astype(dtype)[choice % len(LANDMARKS)]
    choice //= len(LANDMARKS)
    steps, far = choice % 5 - 2, choice // 5 % 2
    value = landmark + steps * np.where(far, 0.05, np.spacing(landmark).astype(np.float64))
    return np.asarray(np.where(np.signbit(z), -value, value))


def _hundreds(z: Array, dtype: np.dtype[Any]) -> Array:
    """Three deviations from zero: the squares, and the sum of some hundreds, are beyond the range of float16."""
    return 100.0 * (3.0 + z)


def _positive(z: Array, dtype: np.dtype[Any]) -> Array:
    """Variances: positive, of different sizes."""
    return np.asarray(np.square(z) + 0.1)


def _ramp(z: Array, dtype: np.dtype[Any]) -> Array:
    start = float(z.flat[0]) if z.size else 0.0
    return start + 0.25 * np.arange(z.size, dtype=np.float64).reshape(z.shape)


_REGIMES: dict[str, Callable[..., Array]] = {
    "ramp": _ramp,
    "normal": _normal,
    "offset": _offset,
    "constant": _constant,
    "tiny": _tiny,
    "huge": _huge,
    "extreme": _extreme,
    "outlier": _outlier,
    "subnormal": _subnormal,
    "zeros": _zeros,
    "wide": _wide,
    "positive": _positive,
    "hundreds": _hundreds,
    "landmarks": _landmarks,
    "largest": _largest,
    "smallest": _smallest,
}
NAMES = tuple(_REGIMES)


#: Standard variates of the simplest small tensor: every entry another number, in the order of their simplicity.
_SIMPLEST = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0)


def variates(numbers: bytes, shape: tuple[int, ...]) -> Array:
    """Standard variates from one byte each, in 32nds: zero bytes give the simplest tensor."""
    codes = np.frombuffer(numbers, np.uint8, count=math.prod(shape)).astype(np.float64)
    magnitude = np.floor(codes / 2) / 32
    return (np.resize(_SIMPLEST, codes.size) + np.where(codes % 2, -magnitude, magnitude)).reshape(shape)


def apply(regime: str, z: Array, dtype: str, **parameters: float) -> Array:
    """The regime's values for standard variates ``z`` (float64, any shape), rounded to ``dtype`` and kept finite."""
    kind, largest = dtype_of(dtype), format_of(dtype).largest
    values = _REGIMES[regime](np.asarray(z, np.float64), kind, **parameters)
    return np.clip(values, -largest, largest).astype(kind)


def fill(regime: str, shape: tuple[int, ...], seed: int, dtype: str, **parameters: float) -> Array:
    """A tensor of the regime from a seeded generator: the same arguments give the same bits."""
    return apply(regime, np.random.default_rng(seed).standard_normal(shape), dtype, **parameters)
