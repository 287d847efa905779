"""Second derivatives of the activations of single numbers: with dx = phi'(x) dy, the gradient of <dx, ddx>.

    with respect to x:   dxx = phi''(x) dy ddx
    with respect to dy:  phi'(x) ddx, the gradient once more: nothing of it stands here

The textbook form stands in the docstring, the form computed after it where it differs: in e = exp(-|x|), as in
:mod:`reference.smooth`, so that nothing cancels but at a zero of phi'' itself. Where phi'' jumps the value is that of
the left side. Shapes: ddx, dy, x, dxx all alike.
"""

from __future__ import annotations

import math

import numpy as np

from reference.moments import Array
from reference.rectifiers import SELU_ALPHA, SELU_SCALE
from reference.smooth import (
    GELU_CUBIC,
    bounded,
    gelu_tanh_argument,
    magnitude,
    mish_gate,
    sigmoid_slope,
)


def straight(ddx: Array, dy: Array, x: Array, **parameters: float) -> Array:
    """0: every piece is a straight line (relu, leaky_relu, prelu, relu6, hard_sigmoid, hard_tanh)."""
    zero: Array = np.zeros_like(x)
    return zero


def sigmoid(ddx: Array, dy: Array, x: Array) -> Array:
    """s (1 - s) (1 - 2s) = -s' tanh(x / 2), s' = e / (1 + e)^2."""
    dxx: Array = ddx * (dy * (-np.tanh(0.5 * x) * sigmoid_slope(x)))
    return dxx


def log_sigmoid(ddx: Array, dy: Array, x: Array) -> Array:
    """-s (1 - s)."""
    dxx: Array = ddx * (dy * -sigmoid_slope(x))
    return dxx


def tanh(ddx: Array, dy: Array, x: Array) -> Array:
    """-2 t (1 - t^2), 1 - t^2 = sech(x)^2."""
    e = np.exp(-magnitude(x))
    return ddx * (dy * (-2.0 * np.tanh(x) * np.square(2.0 * e / (1.0 + np.square(e)))))


def softplus(ddx: Array, dy: Array, x: Array, beta: float = 1.0) -> Array:
    """beta s (1 - s), s = sigmoid(beta x)."""
    return ddx * (dy * (beta * sigmoid_slope(beta * x)))


def softsign(ddx: Array, dy: Array, x: Array) -> Array:
    """-2 sign(x) / (1 + |x|)^3; at 0, where it jumps, 2."""
    root = 1.0 / (1.0 + magnitude(x))
    size = 2.0 * (root * np.square(root))
    dxx: Array = ddx * (dy * np.where(x > 0.0, -size, size))
    return dxx


def silu(ddx: Array, dy: Array, x: Array) -> Array:
    """2 s' + x s'' = s' (2 - x tanh(x / 2))."""
    return ddx * (dy * (sigmoid_slope(x) * (2.0 - x * np.tanh(0.5 * x))))


def mish(ddx: Array, dy: Array, x: Array) -> Array:
    """2 t' + x t'' with t of mish_grad; t''/t' = (2 + 2E - 3E^2 - 2E^3) / ((1 + E) (E^2 + 2E + 2)), E = exp(x).

    For x > 0 the fraction is reduced by E^3.
    """
    _, slope = mish_gate(x)
    e = np.exp(-magnitude(x))
    left = x < 0.0
    first, second = np.where(left, 2.0, -2.0), np.where(left, 2.0, -3.0)
    third, fourth = np.where(left, -3.0, 2.0), np.where(left, -2.0, 2.0)
    numerator = first + e * (second + e * (third + e * fourth))
    denominator = (1.0 + e) * np.where(left, 2.0 + e * (2.0 + e), 1.0 + 2.0 * e * (1.0 + e))
    dxx: Array = ddx * (dy * (slope * (2.0 + bounded(x) * (numerator / denominator))))
    return dxx


def gelu(ddx: Array, dy: Array, x: Array) -> Array:
    """2 phi(x) + x phi'(x) = phi(x) (2 - x^2), phi(x) = exp(-x^2 / 2) / sqrt(2 pi)."""
    square = np.square(bounded(x))
    return ddx * (dy * (np.exp(-0.5 * square) / math.sqrt(2.0 * math.pi) * (2.0 - square)))


def gelu_tanh(ddx: Array, dy: Array, x: Array) -> Array:
    """2 s' v' + x (s'' v'^2 + s' v'') = s' (2v' + x (v'' - tanh(v / 2) v'^2)), s = sigmoid(v), v = 2u of gelu_tanh."""
    v, slope = gelu_tanh_argument(x)
    near = bounded(x)
    bend = (12.0 * math.sqrt(2.0 / math.pi) * GELU_CUBIC) * near
    dxx: Array = ddx * (dy * (sigmoid_slope(v) * (2.0 * slope + near * (bend - np.tanh(0.5 * v) * np.square(slope)))))
    return dxx


def elu(ddx: Array, dy: Array, x: Array, alpha: float = 1.0) -> Array:
    """0 for x > 0, else alpha exp(x)."""
    return np.where(x > 0.0, 0.0, ddx * (dy * (alpha * np.exp(np.minimum(x, 0.0)))))


def celu(ddx: Array, dy: Array, x: Array, alpha: float = 1.0) -> Array:
    """0 for x > 0, else exp(x / alpha) / alpha."""
    return np.where(x > 0.0, 0.0, ddx * (dy * np.exp(np.minimum(x, 0.0) / alpha)) / alpha)


def selu(ddx: Array, dy: Array, x: Array) -> Array:
    """0 for x > 0, else scale alpha exp(x)."""
    return SELU_SCALE * elu(ddx, dy, x, SELU_ALPHA)


def hard_swish(ddx: Array, dy: Array, x: Array) -> Array:
    """1/3 for -3 < x < 3, else 0."""
    return np.where((x > -3.0) & (x < 3.0), ddx * dy / 3.0, 0.0)
