"""The truth about normalized rows, from the definition and in many digits, and how large an error float64 cannot avoid.

Batch and layer normalization differ in which elements make a row; here a row is a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np

from tests.reference.proof import Array, complex_step, exact

#: |mean| / deviation of the data.
OFFSETS = (0.0, 1.0, 10.0, 1e3, 1e5)


def draw_data(seed: int, shape: tuple[int, ...], offset: float, magnitude: float) -> Array:
    """Data of about this |mean|/deviation, in each row another sign and size of it."""
    rng = np.random.default_rng(seed)
    return magnitude * (rng.standard_normal(shape) + offset * rng.choice([-1.0, 1.0]))


def normalize(row: list[Any], eps: Any) -> list[Any]:
    """(v - mean) / sqrt(var + eps), as the definition says."""
    mean = sum(row) / len(row)
    var = sum((v - mean) * (v - mean) for v in row) / len(row)
    root = mpmath.sqrt(var + eps)
    return [(v - mean) / root for v in row]


@dataclass(frozen=True)
class Truth:
    """Rows [R, n] normalized, scaled by ``weight`` [R, n] and shifted by ``bias`` [R, n]; dtype object throughout."""

    mean: Array  #: [R, 1]
    var: Array  #: [R, 1]
    y: Array  #: [R, n]
    dx: Array  #: [R, n]
    dweight: Array  #: [R, n], before the sum over what shares a weight
    #: What the errors are relative to, [R, n] or [R, 1]: see :func:`truth`.
    scale: dict[str, Array]


def truth(x: Array, weight: Array, bias: Array, dy: Array, eps: float) -> Truth:
    """Of float64 rows [R, n].

    A mean kept in a float64 is off by up to u |mean|, and so is every x - mean. That is the condition of the formula:
    kappa = 1 + max|x| / sqrt(var + eps) is the factor by which a relative change of the data is magnified in x-hat. So
    ``scale`` is the sum of the formula's absolute terms, in which x-hat counts as 1 + |x-hat|, times kappa. The same
    formulas are proved without kappa by running the specification on numbers of many digits.
    """
    xs, w, b, d, e = exact(x), exact(weight), exact(bias), exact(dy), exact(eps)[()]
    n = x.shape[1]
    mean = xs.sum(axis=1, keepdims=True) / n
    var = ((xs - mean) ** 2).sum(axis=1, keepdims=True) / n
    root = np.sqrt(var + e)
    kappa = 1 + abs(xs).max(axis=1, keepdims=True) / root
    xhat = np.array([normalize(list(row), e) for row in xs], object)
    g, size = abs(w * d), 1 + abs(xhat)
    terms = g + g.sum(axis=1, keepdims=True) / n + size * (g * size).sum(axis=1, keepdims=True) / n
    scale = {
        "mean": abs(xs).max(axis=1, keepdims=True),
        "var": (var + e) * kappa,
        "y": abs(w) * size * kappa + abs(b),
        "dx": terms * kappa / root,
        "dweight": abs(d) * size * kappa,
    }
    dx = np.array([_row_gradient(xs[r], w[r] * d[r], e) for r in range(len(xs))], object)
    return Truth(mean, var, w * xhat + b, dx, d * xhat, scale)


def _row_gradient(row: Array, dy: Array, eps: Any) -> Array:
    return complex_step(lambda values: np.array(normalize(list(values), eps), object), row, dy)
