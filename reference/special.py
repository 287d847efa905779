"""The error function and its complement as ufuncs, the one need of the specification that NumPy does not meet.

``erf`` and ``erfc`` are ufuncs whether SciPy is installed or not, so that an array type with ``__array_ufunc__`` is
asked about them and can recognize them by identity. With SciPy they are its own, for real and complex float arrays.
Without it they are the C library's functions, by way of Python's ``math``, made ufuncs: real numbers only, accurate
to about an ulp as well, and with results of dtype object, because NumPy makes no others from a Python function.
:func:`evaluate` hides that difference.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reference.moments import Array

try:
    from scipy.special import erf, erfc
except ImportError:
    erf = np.frompyfunc(math.erf, 1, 1)
    erfc = np.frompyfunc(math.erfc, 1, 1)

__all__ = ["erf", "erfc", "evaluate"]


def evaluate(function: np.ufunc, x: Any) -> Array:
    """``function``, one of this module's ufuncs, of x: a float64 or complex128 array, or what x's type answers."""
    y: Any = function(x)
    made_by_python = isinstance(y, float) or (isinstance(y, np.ndarray) and y.dtype == object)
    return np.asarray(y, np.float64) if made_by_python else y
