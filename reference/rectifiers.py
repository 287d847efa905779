"""Activations that are put together from pieces; their kinks, and the side whose derivative is written there.

Shapes: x, y, dy, dx all alike. Selections are written ``np.where(x > 0, ...)`` on the output's cotangent, not as a
product with 0 or 1, so that nothing infinite is multiplied by 0. The sources of the formulas stand in
:mod:`reference.activations`.
"""

from __future__ import annotations

import numpy as np

from reference.moments import Array

#: Klambauer et al. 2017: the pair for which activations of mean 0 and variance 1 keep both.
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def relu(x: Array) -> Array:
    """max(x, 0)."""
    return np.maximum(x, 0.0)


def relu_grad(dy: Array, x: Array) -> Array:
    """1 for x > 0, else 0; at 0 from the left."""
    return np.where(x > 0.0, dy, 0.0)


def leaky_relu(x: Array, negative_slope: float = 0.01) -> Array:
    """x for x > 0, else negative_slope x."""
    return np.where(x > 0.0, x, negative_slope * x)


def leaky_relu_grad(dy: Array, x: Array, negative_slope: float = 0.01) -> Array:
    """1 for x > 0, else negative_slope; at 0 from the left."""
    return np.where(x > 0.0, dy, negative_slope * dy)


def prelu(x: Array, alpha: Array | float = 0.25) -> Array:
    """x for x > 0, else alpha x. alpha: one number (of any shape), or [x.shape[1]], one a channel."""
    return np.where(x > 0.0, x, _a_channel(alpha, x) * x)


def prelu_grad(dy: Array, x: Array, alpha: Array | float = 0.25) -> tuple[Array, Array]:
    """(dx, dalpha), dalpha of the shape of alpha; at 0 from the left: dx = alpha dy (dalpha = x dy = 0 from either)."""
    dx = np.where(x > 0.0, dy, _a_channel(alpha, x) * dy)
    shared = np.size(alpha) == 1
    axes = tuple(axis for axis in range(np.ndim(x)) if shared or axis != 1)
    dalpha = np.sum(np.where(x > 0.0, 0.0, dy * x), axis=axes)
    return dx, np.reshape(dalpha, np.shape(alpha))


def prelu_tangent(t: Array, x: Array, alpha: Array | float = 0.25, talpha: Array | float = 0.0) -> Array:
    """t for x > 0, else alpha t + talpha x: in the direction (t, talpha) of x and alpha; at 0 from the left."""
    return np.where(x > 0.0, t, _a_channel(alpha, x) * t + _a_channel(talpha, x) * x)


def relu6(x: Array) -> Array:
    """min(max(x, 0), 6)."""
    return np.minimum(np.maximum(x, 0.0), 6.0)


def relu6_grad(dy: Array, x: Array) -> Array:
    """1 for 0 < x < 6, else 0; at 0 from the left, at 6 from the right."""
    return np.where((x > 0.0) & (x < 6.0), dy, 0.0)


def elu(x: Array, alpha: float = 1.0) -> Array:
    """x for x > 0, else alpha (exp(x) - 1)."""
    return np.where(x > 0.0, x, alpha * np.expm1(np.minimum(x, 0.0)))


def elu_grad(dy: Array, x: Array, alpha: float = 1.0) -> Array:
    """1 for x > 0, else alpha exp(x); at 0, a kink where alpha is not 1, from the left."""
    return np.where(x > 0.0, dy, dy * (alpha * np.exp(np.minimum(x, 0.0))))


def celu(x: Array, alpha: float = 1.0) -> Array:
    """x for x > 0, else alpha (exp(x / alpha) - 1); alpha > 0."""
    return np.where(x > 0.0, x, alpha * np.expm1(np.minimum(x, 0.0) / alpha))


def celu_grad(dy: Array, x: Array, alpha: float = 1.0) -> Array:
    """1 for x > 0, else exp(x / alpha): continuous for every alpha > 0."""
    return np.where(x > 0.0, dy, dy * np.exp(np.minimum(x, 0.0) / alpha))


def selu(x: Array) -> Array:
    """scale elu(x, alpha), with the two constants of this module."""
    return SELU_SCALE * elu(x, SELU_ALPHA)


def selu_grad(dy: Array, x: Array) -> Array:
    """scale for x > 0, else scale alpha exp(x); at 0 from the left."""
    return SELU_SCALE * elu_grad(dy, x, SELU_ALPHA)


def hard_sigmoid(x: Array) -> Array:
    """relu6(x + 3) / 6."""
    return relu6(x + 3.0) / 6.0


def hard_sigmoid_grad(dy: Array, x: Array) -> Array:
    """1/6 for -3 < x < 3, else 0; at -3 from the left, at 3 from the right."""
    return np.where((x > -3.0) & (x < 3.0), dy / 6.0, 0.0)


def hard_swish(x: Array) -> Array:
    """x relu6(x + 3) / 6."""
    return x * hard_sigmoid(x)


def hard_swish_grad(dy: Array, x: Array) -> Array:
    """0 for x <= -3, (2x + 3)/6 between, 1 for x >= 3; at -3 from the left, at 3 from the right."""
    # The middle piece is evaluated everywhere: bounded, so that it cannot overflow where it does not count. The sum
    # x + 3/2 is exact to one rounding, which keeps the relative accuracy around the zero of the derivative.
    inner = np.minimum(np.maximum(x, -3.0), 3.0)
    return np.where(x <= -3.0, 0.0, np.where(x >= 3.0, dy, dy * ((inner + 1.5) / 3.0)))


def hard_tanh(x: Array) -> Array:
    """min(max(x, -1), 1)."""
    return np.minimum(np.maximum(x, -1.0), 1.0)


def hard_tanh_grad(dy: Array, x: Array) -> Array:
    """1 for -1 < x < 1, else 0; at -1 from the left, at 1 from the right."""
    return np.where((x > -1.0) & (x < 1.0), dy, 0.0)


def _a_channel(alpha: Array | float, x: Array) -> Array:
    """alpha laid along axis 1 of x, or along nothing where it is one number."""
    if np.size(alpha) == 1:
        return np.reshape(alpha, (1,) * np.ndim(x))
    return np.reshape(alpha, tuple(n if axis == 1 else 1 for axis, n in enumerate(np.shape(x))))
