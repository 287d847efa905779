"""Who else may judge: the tolerances that other test suites give by default, as facts, with where they stand.

Each of them is one rule, |got - expected| <= atol + rtol |expected|, whatever is computed and from what. They are
lent everything of ours but the bound: the inputs, the specification's value in float64, and every check that needs no
tolerance. NaN equals NaN, and an infinity itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from adapters.base import dtype_of
from conformance.bounded import format_of

Array = np.ndarray[Any, np.dtype[Any]]
#: dtype -> rtol and atol
Tolerances = Mapping[str, tuple[float, float]]

DTYPES = ("float16", "bfloat16", "float32", "float64")


@dataclass(frozen=True)
class Judge:
    """A fixed tolerance. ``allowed``: |expected|, |got|, the dtype and the number of elements -> the error allowed."""

    name: str
    source: str
    says: str
    allowed: Callable[[Array, Array, str, int], Array]

    def failing(self, look: Look) -> Array:
        """The elements that it holds to be wrong; bool."""
        with np.errstate(all="ignore"):
            allowed = self.allowed(look.magnitude, np.abs(look.got), look.dtype, look.got.size)
            return np.asarray(look.judged & ~look.equal & ~(look.error <= allowed))


@dataclass(frozen=True)
class Look:
    """One answer beside the specification's value, as every judge sees it. Arrays of one shape, in float64 or bool."""

    got: Array
    error: Array
    magnitude: Array  #: of the expected value
    equal: Array  #: the answer is what the value becomes in its dtype, infinite beyond the largest number
    judged: Array  #: where the specification has a value
    dtype: str

    @classmethod
    def at(cls, got: Array, expected: Array, dtype: str) -> Look:
        with np.errstate(all="ignore"):
            equal = got == expected.astype(dtype_of(dtype)).astype(np.float64)
            return cls(got, np.abs(got - expected), np.abs(expected), equal, np.isfinite(expected), dtype)

    def needed(self) -> float:
        """The least k for which k ulps of (1 + |expected|) would let every element pass; infinite for NaN."""
        with np.errstate(all="ignore"):
            needed = self.error / (2 * format_of(self.dtype).roundoff * (1 + self.magnitude))
        needed = np.where(self.judged & ~self.equal, needed, 0.0)
        return float(np.where(np.isnan(needed), np.inf, needed).max(initial=0.0))


def _usual(tolerances: Tolerances) -> Callable[[Array, Array, str, int], Array]:
    def allowed(magnitude: Array, _: Array, dtype: str, size: int) -> Array:
        rtol, atol = tolerances[dtype]
        return np.asarray(atol + rtol * magnitude)

    return allowed


def _by_size(tolerances: Tolerances) -> Callable[[Array, Array, str, int], Array]:
    """Both tolerances times the number of elements, as JAX's ``check_close`` takes them."""
    usual = _usual(tolerances)
    return lambda magnitude, got, dtype, size: np.asarray(size * usual(magnitude, got, dtype, size))


def _either(rel_tol: float, abs_tol: float) -> Callable[[Array, Array, str, int], Array]:
    """As ``math.isclose``."""
    return lambda magnitude, got, dtype, size: np.maximum(rel_tol * np.maximum(magnitude, got), abs_tol)


def _everywhere(rtol: float, atol: float) -> Tolerances:
    return dict.fromkeys(DTYPES, (rtol, atol))


_JAX = {"float16": (1e-3, 1e-3), "bfloat16": (1e-2, 1e-2), "float32": (1e-6, 1e-6), "float64": (1e-15, 1e-15)}

JUDGES = (
    Judge(
        "PyTorch assert_close",
        "https://docs.pytorch.org/docs/stable/testing.html",
        "rtol 1.3e-6 and atol 1e-5 in float32, 1e-7 both in float64, 1e-3 and 1e-5 in float16, 1.6e-2 and 1e-5 in "
        "bfloat16",
        _usual(
            {"float16": (1e-3, 1e-5), "bfloat16": (1.6e-2, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7)}
        ),
    ),
    Judge(
        "JAX check_close",
        "https://github.com/jax-ml/jax/blob/main/jax/_src/public_test_util.py",
        "1e-6 in float32, 1e-15 in float64, 1e-3 in float16, 1e-2 in bfloat16, both times the number of elements",
        _by_size(_JAX),
    ),
    Judge(
        "TensorFlow assertAllClose",
        "https://www.tensorflow.org/api_docs/python/tf/test/TestCase",
        "assertAllCloseAccordingToType: 1e-6 in float32 and float64, 1e-3 in float16, 1e-2 in bfloat16",
        _usual({**_JAX, "float64": (1e-6, 1e-6)}),
    ),
    Judge(
        "Keras assertAllClose",
        "https://github.com/keras-team/keras/blob/master/keras/src/testing/test_case.py",
        "rtol 1e-6 and atol 1e-6",
        _usual(_everywhere(1e-6, 1e-6)),
    ),
    Judge(
        "NumPy assert_allclose",
        "https://numpy.org/doc/stable/reference/generated/numpy.testing.assert_allclose.html",
        "rtol 1e-7, no atol",
        _usual(_everywhere(1e-7, 0.0)),
    ),
    Judge(
        "ONNX backend tests",
        "https://github.com/onnx/onnx/blob/main/onnx/backend/test/loader/__init__.py",
        "rtol 1e-3 and atol 1e-7",
        _usual(_everywhere(1e-3, 1e-7)),
    ),
    Judge(
        "NNSmith",
        "https://github.com/ise-uiuc/nnsmith/blob/main/nnsmith/difftest.py",
        "rtol 1e-2 and atol 1e-3",
        _usual(_everywhere(1e-2, 1e-3)),
    ),
    Judge(
        "array-api-tests",
        "https://github.com/data-apis/array-api-tests/blob/master/array_api_tests/pytest_helpers.py",
        "rel_tol 0.25 and abs_tol 1, as math.isclose takes them",
        _either(0.25, 1.0),
    ),
)
#: What this suite does, among the judges.
BOUND = "derived bound"
NAMES = (BOUND, *(judge.name for judge in JUDGES))
#: The factors k of a tolerance of k ulps of (1 + |expected|), from one ulp up, that are tried beside the peers'.
SWEEP = tuple(2.0**power for power in range(0, 61, 2))
