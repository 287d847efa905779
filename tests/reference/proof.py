"""What the proofs of the specification share: the truth in many digits, the complex step, and how the two are compared.

A gradient is taken by the complex step: Im f(x + ih) / h differs from f'(x) by h^2 f'''(x) / 6, and nothing is
subtracted, so that with h = 1e-200 it is f' to the last digit (W. Squire, G. Trapp, "Using complex variables to
estimate derivatives of real functions", SIAM Review 40 (1998), 110-112). It is taken twice: of the specification's own
forward pass in complex128, which ties each gradient to its forward pass, and of an independently written definition in
mpmath, which is right in far tails and on ill-conditioned data, where the first is itself rounded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
from hypothesis import HealthCheck, settings

Array = np.ndarray[Any, np.dtype[Any]]

#: The proof's own statement: the specification holds to this relative error.
PROOF = 1e-12
STEP = 1e-200
#: Digits asked of the truth, and digits to work with so that it has them: where 1 is subtracted from 1 + exp(-700), and
#: where an imaginary part of 1e-200 lives beside a real part of 1.
DIGITS = 50
WORKING_DIGITS = DIGITS + 650
#: Below it a float64 has no relative accuracy.
TINY = float(np.finfo(np.float64).tiny)

#: Derandomized, so that the proof is the same proof every time.
prove = settings(
    max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)


def exact(x: Array | float) -> Array:
    """Every float64 as the mpf that it is; an array of dtype object."""
    values = np.asarray(x)
    found = np.empty(values.shape, object)
    for index in np.ndindex(values.shape):
        found[index] = mpmath.mpf(float(values[index]))
    return found


def complex_step(function: Callable[[Array], Array], x: Array, dy: Array) -> Array:
    """The gradient of sum(dy function(x)), x perturbed element by element: float64, or mpf as objects."""
    many_digits = x.dtype == object
    gradient = np.empty(x.shape, x.dtype)
    for index in np.ndindex(x.shape):
        perturbed = x.astype(object if many_digits else np.complex128)
        perturbed[index] = mpmath.mpc(x[index], STEP) if many_digits else complex(x[index], STEP)
        terms = (d * v.imag for d, v in zip(dy.flat, np.ravel(function(perturbed)), strict=True))
        gradient[index] = sum(terms, start=0 * x[index]) / STEP
    return gradient


def error(result: Array, truth: Array, scale: Array | None = None) -> float:
    """The largest of |result - truth| / scale, scale being |truth| unless given; shapes must agree."""
    result, truth = np.asarray(result), np.asarray(truth)
    assert result.shape == truth.shape, f"shape {result.shape}, expected {truth.shape}"
    scales = np.broadcast_to(abs(truth) if scale is None else scale, truth.shape)
    worst = 0.0
    for got, want, size in zip(result.flat, truth.flat, scales.flat, strict=True):
        worst = max(worst, float(abs(mpmath.mpf(got) - want) / max(mpmath.mpf(size), TINY)))
    return worst


def holds(result: Array, truth: Array, scale: Array | None = None) -> None:
    """Assert the proof's statement."""
    found = error(result, truth, scale)
    assert found <= PROOF, f"relative error {found:.3g}\nspecification {result!r}\ntruth {truth!r}"
