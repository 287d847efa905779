"""Numbers on a grid so coarse that what a clause does to them is exact in their dtype, 16 bits included."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from conformance.bounded import format_of

Array = np.ndarray[Any, np.dtype[Any]]


def step(x: Array, added: float = 0.0, least: float = 2.0**-6) -> float:
    """A power of two, not below ``least``: to its multiples ``x`` can be rounded, and one of magnitude ``added`` be
    added to them, without a further rounding.
    """
    top = float(np.max(np.abs(x.astype(np.float64)), initial=0.0)) + abs(added)
    # Multiples of s up to s/u have no more digits than the dtype; 1/2 for what rounding to the grid adds.
    needed = top * format_of(x.dtype.name).roundoff
    exponent = math.ceil(math.log2(needed)) if needed > 0 else -1074
    found = max(least, 2.0**exponent)
    return found if top + found / 2 <= found / format_of(x.dtype.name).roundoff else 2 * found


def snapped(x: Array, width: float) -> Array:
    """``x`` rounded to multiples of ``width``, in its dtype."""
    return np.asarray((np.rint(x.astype(np.float64) / width) * width).astype(x.dtype))


def written(width: float, dtype: str) -> str:
    """What :func:`snapped` did, as Python around ``{}``."""
    return f"(np.rint({{}}.astype('float64') / {width!r}) * {width!r}).astype({dtype!r})"
