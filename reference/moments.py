"""Mean and variance of an array over some of its axes, with divisor n, and the layout helpers that go with them.

Source: T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample variance: analysis and
recommendations", The American Statistician 37 (1983), 242-247, which compares the two forms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
#: (x, axes) -> (mean, variance), both with the reduced axes kept as 1
Moments = Callable[[Array, tuple[int, ...]], tuple[Array, Array]]


def two_pass(x: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """mean = (1/n) sum x, var = (1/n) sum (x - mean)^2: the relative error grows as |mean|/deviation.

    x: any shape; axes: those to reduce. Returns (mean, var), the reduced axes kept as 1.
    """
    mean = np.mean(x, axis=axes, keepdims=True)
    var = np.mean(np.square(x - mean), axis=axes, keepdims=True)
    return mean, var


def one_pass(x: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """mean = (1/n) sum x, var = max((1/n) sum x^2 - mean^2, 0): equal to :func:`two_pass` in exact arithmetic only.

    The difference cancels: its relative error grows as (|mean|/deviation)^2. Kept for grading implementations.
    """
    mean = np.mean(x, axis=axes, keepdims=True)
    var = np.mean(np.square(x), axis=axes, keepdims=True) - np.square(mean)
    return mean, np.maximum(var, 0.0)


def second(ddx: Array, g: Array, x: Array, eps: float, axes: tuple[int, ...], moments: Moments) -> Array:
    """dxx of a normalization over ``axes``: the gradient of <dx, ddx> with respect to x; all of one shape.

    With dx = (g - mean(g) - xhat mean(g xhat)) / sqrt(var + eps), g the cotangent of xhat, a = g - mean(g) and
    b = ddx - mean(ddx),

        dxx = -(xhat (mean(a b) - A B) + B (a - xhat A) + A (b - xhat B)) / (var + eps),
        A = mean(a xhat), B = mean(b xhat)
    """
    mean, var = moments(x, axes)
    deviation = np.sqrt(var + eps)
    xhat = (x - mean) / deviation
    a, b = (each - np.mean(each, axis=axes, keepdims=True) for each in (g, ddx))
    along_a, along_b = (np.mean(each * xhat, axis=axes, keepdims=True) for each in (a, b))
    through_variance = xhat * (np.mean(a * b, axis=axes, keepdims=True) - along_a * along_b)
    dxx: Array = -(through_variance + along_b * (a - xhat * along_a) + along_a * (b - xhat * along_b)) / deviation
    return dxx / deviation


def spread(parameter: Array, shape: tuple[int, ...], axes: tuple[int, ...]) -> Array:
    """``parameter``, of shape [shape[a] for a in axes in increasing order], laid along these (non-negative) axes."""
    return np.reshape(parameter, tuple(n if axis in axes else 1 for axis, n in enumerate(shape)))
