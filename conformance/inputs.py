"""Every input of an activation that has few of them, and of the others those where something begins or ends.

16 bits hold 65536 numbers: they are all asked, in one tensor. In float32 and float64 the patterns of the first 16 bits
are, which reach through the whole range in steps of a hundredth or a sixteenth, and beside them the turning points:
where value or slope of the specification, rounded to the dtype, starts to be 0, subnormal, saturated, or equal to its
input.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from adapters.base import ALONG_ROWS, SIXTEEN_BITS, Activation, dtype_of
from conformance import points
from conformance.bounded import format_of
from conformance.regimes import LANDMARKS
from reference.activations import ACTIVATIONS

Array = np.ndarray[Any, np.dtype[Any]]

#: Steps of the last place on either side of a turning point.
_BESIDE = np.arange(-2, 3)
#: What stands beside an input in its row; the gate of an input that is let through; the value of one that is a gate.
_PARTNERS, _GATE, _VALUE = (0.0, 2.0), 0.5, 1.5
#: The cotangent of a row: not constant, because a softmax has no gradient for that.
_ROW_COTANGENT = (1.0, -0.5, 0.25)
#: Elements of a tensor of turning points: a length that is compiled anyway.
_CHUNK = points.LENGTHS[-1]


def patterns(dtype: str) -> Array:
    """Every pattern of the first 16 bits, infinities and NaN among them, [65536]."""
    kind = dtype_of(dtype)
    bits = np.arange(2**16, dtype=f"u{kind.itemsize}") << np.array(8 * kind.itemsize - 16, f"u{kind.itemsize}")
    return np.asarray(bits.view(kind))


def _printed(dtype: str) -> str:
    """:func:`patterns` as Python that needs NumPy alone."""
    size = dtype_of(dtype).itemsize
    bits = f"np.arange(65536, dtype='u{size}')"
    return f"{bits if size == 2 else f'({bits} << {8 * size - 16})'}.view({dtype!r})"


def every(name: str, dtype: str, given: dict[str, float]) -> Iterator[Activation]:
    """One tensor of all inputs, with a cotangent of 1, and in the wider dtypes those of turning points."""
    if name in ALONG_ROWS:
        yield _beside(name, dtype, given)
        return
    # Not square: torch.compile takes sizes that are equal for one, and makes a graph that serves nothing else.
    recipe = f"{_printed(dtype)}.reshape(128, 512)"
    yield points.question(name, patterns(dtype).reshape(128, 512), given, "every input", recipe)
    if dtype not in SIXTEEN_BITS:
        found = turning_points(name, dtype, tuple(given.items()))
        for chunk in np.resize(found, (-(-found.size // _CHUNK), _CHUNK)):
            yield points.question(name, chunk, given, "turning points")


def _beside(name: str, dtype: str, given: dict[str, float]) -> Activation:
    """Finite inputs in rows with their partners, [n, 3]; of glu each as value and as gate, [2n, 2]."""
    found = patterns(dtype)
    v = found[np.isfinite(found)]
    rows, texts = [], []
    for places in (("v", *_PARTNERS),) if name != "glu" else (("v", _GATE), (_VALUE, "v")):
        rows.append(np.stack([v if place == "v" else np.full_like(v, place) for place in places], -1))
        texts.append(f"[({', '.join(map(str, places))}) for v in {_printed(dtype)} if np.isfinite(v)]")
    x = np.concatenate(rows)
    case = points.question(name, x, given, "every input", f"np.array({' + '.join(texts)}, {dtype!r})")
    if name == "glu":
        return case
    dy = np.tile(np.array(_ROW_COTANGENT, dtype), (len(x), 1))
    return points.replaced(case, dy=(dy, f"np.tile(np.array({_ROW_COTANGENT!r}, {dtype!r}), ({len(x)}, 1))"))


@functools.cache
def turning_points(name: str, dtype: str, given: tuple[tuple[str, float], ...]) -> Array:
    """The numbers beside each change of character, and beside thresholds of the dtype, two steps either way, [n]."""
    grid = patterns(dtype)
    ordinals = np.unique(_ordinal(grid[np.isfinite(grid)]))
    low, high = ordinals[:-1], ordinals[1:]
    changes = _character(name, _number(low, dtype), given) != _character(name, _number(high, dtype), given)
    low, high = low[changes], high[changes]
    while (high - low > 1).any():
        middle = low + (high - low) // 2
        same = _character(name, _number(middle, dtype), given) == _character(name, _number(low, dtype), given)
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    near = np.concatenate([high, _ordinal(np.array(_thresholds(name, dtype), dtype))])
    last = int(_ordinal(np.array(format_of(dtype).largest, dtype)))
    return _number(np.unique(np.clip(near[:, None] + _BESIDE, -last, last)), dtype)


def _thresholds(name: str, dtype: str) -> list[float]:
    """Where exponentials, squares, cubes and multiples leave the range or the last place, on both sides of zero."""
    kind = format_of(dtype)
    found = [*LANDMARKS, *ACTIVATIONS[name].kinks]
    found += [math.log(kind.largest), -math.log(kind.tiny), -math.log(2 * kind.roundoff * kind.tiny)]
    found += [-math.log(kind.roundoff), math.sqrt(kind.largest), kind.largest ** (1 / 3), kind.largest / 6]
    found += [kind.largest / 2, kind.tiny]
    return [sign * value for value in found for sign in (-1.0, 1.0)]


def _character(name: str, x: Array, given: tuple[tuple[str, float], ...]) -> Array:
    """What can be said of value and slope as the dtype stores them, as the bits of a number."""
    entry, parameters, kind = ACTIVATIONS[name], dict(given), format_of(x.dtype.name)
    wide = x.astype(np.float64)
    with np.errstate(all="ignore"):
        y = entry.forward(wide, **parameters).astype(x.dtype)
        slope: Any = entry.gradient(np.ones_like(wide), wide, **parameters)
        dx = (slope[0] if isinstance(slope, tuple) else slope).astype(x.dtype)
        far = entry.forward(np.array([-1e4, 1e4]), **parameters).astype(x.dtype)
    marks = (y == 0, abs(y) < kind.tiny, y == x, y == far[0], y == far[1], dx == 0, abs(dx) < kind.tiny, dx == 1)
    return np.asarray(sum(mark.astype(np.int64) << bit for bit, mark in enumerate(marks)))


def _ordinal(x: Array) -> Array:
    """The place of a number among those of its dtype, 0 for both zeros: neighbours differ by 1. int64."""
    signed = x.view(f"i{x.dtype.itemsize}").astype(np.int64)
    return np.where(signed < 0, np.int64(np.iinfo(f"i{x.dtype.itemsize}").min) - signed, signed)


def _number(ordinal: Array, dtype: str) -> Array:
    """The number in that place."""
    kind = dtype_of(dtype)
    least = np.int64(np.iinfo(f"i{kind.itemsize}").min)
    return np.asarray(np.where(ordinal < 0, least - ordinal, ordinal).astype(f"i{kind.itemsize}").view(kind))
