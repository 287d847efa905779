"""Activations with a continuous derivative, in forms that keep relative accuracy in both tails and never overflow.

All are written in e = exp(-|x|), which lies between 0 and 1: sums of such terms have one sign, so nothing cancels but
at a zero of the derivative itself, where it must. The textbook form stands first in each docstring, the form computed
after it where it differs. Shapes: x, y, dy, dx all alike. The sources of the formulas stand in
:mod:`reference.activations`.
"""

from __future__ import annotations

import math

import numpy as np

from reference.moments import Array
from reference.special import erfc, evaluate

#: 0.044715 of the tanh approximation of gelu: Hendrycks & Gimpel 2016, section 2.
GELU_CUBIC = 0.044715
#: Beyond it exp(-x^2/2) is 0 and the tanh approximation 0 or 1 in single and double precision: the argument may stop.
SATURATION = 1000.0


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)); for x < 0 as e / (1 + e)."""
    e = np.exp(-magnitude(x))
    return np.where(x < 0.0, e, 1.0) / (1.0 + e)


def sigmoid_grad(dy: Array, x: Array) -> Array:
    """sigmoid(x) (1 - sigmoid(x)) = e / (1 + e)^2."""
    return dy * sigmoid_slope(x)


def log_sigmoid(x: Array) -> Array:
    """log(sigmoid(x)) = min(x, 0) - log(1 + e)."""
    return np.minimum(x, 0.0) - np.log1p(np.exp(-magnitude(x)))


def log_sigmoid_grad(dy: Array, x: Array) -> Array:
    """1 - sigmoid(x) = sigmoid(-x)."""
    return dy * sigmoid(-x)


def tanh(x: Array) -> Array:
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x))."""
    y: Array = np.tanh(x)
    return y


def tanh_grad(dy: Array, x: Array) -> Array:
    """1 - tanh(x)^2 = sech(x)^2, sech(x) = 2e / (1 + e^2)."""
    e = np.exp(-magnitude(x))
    return dy * np.square(2.0 * e / (1.0 + np.square(e)))


def softplus(x: Array, beta: float = 1.0) -> Array:
    """log(1 + exp(beta x)) / beta, beta > 0; as max(x, 0) + log(1 + exp(-beta |x|)) / beta."""
    return np.maximum(x, 0.0) + np.log1p(np.exp(-beta * magnitude(x))) / beta


def softplus_grad(dy: Array, x: Array, beta: float = 1.0) -> Array:
    """sigmoid(beta x)."""
    return dy * sigmoid(beta * x)


def softsign(x: Array) -> Array:
    """x / (1 + |x|)."""
    return x / (1.0 + magnitude(x))


def softsign_grad(dy: Array, x: Array) -> Array:
    """1 / (1 + |x|)^2: continuous, though |x| has a kink."""
    return dy * np.square(1.0 / (1.0 + magnitude(x)))


def silu(x: Array) -> Array:
    """x sigmoid(x)."""
    return x * sigmoid(x)


def silu_grad(dy: Array, x: Array) -> Array:
    """s + x s (1 - s) = s (1 + x sigmoid(-x)), s = sigmoid(x)."""
    return dy * (sigmoid(x) * (1.0 + x * sigmoid(-x)))


def mish(x: Array) -> Array:
    """x tanh(softplus(x)); the factor is (E^2 + 2E) / (E^2 + 2E + 2), E = exp(x), over E^2 for x > 0."""
    gate, _ = mish_gate(x)
    return x * gate


def mish_grad(dy: Array, x: Array) -> Array:
    """t + x (1 - t^2) sigmoid(x), t = tanh(softplus(x)); 1 - t^2 = 4 (E + 1)^2 / (E^2 + 2E + 2)^2."""
    gate, slope = mish_gate(x)
    dx: Array = dy * (gate + x * slope)
    return dx


def gelu(x: Array) -> Array:
    """x Phi(x), Phi the normal distribution function: Phi(x) = erfc(-x / sqrt(2)) / 2."""
    return x * _normal_cdf(x)


def gelu_grad(dy: Array, x: Array) -> Array:
    """Phi(x) + x phi(x), phi(x) = exp(-x^2 / 2) / sqrt(2 pi)."""
    near = bounded(x)
    density = np.exp(-0.5 * np.square(near)) / math.sqrt(2.0 * math.pi)
    return dy * (_normal_cdf(x) + near * density)


def gelu_tanh(x: Array) -> Array:
    """x (1 + tanh(u)) / 2 = x sigmoid(2u), u = sqrt(2 / pi) (x + 0.044715 x^3)."""
    return x * sigmoid(gelu_tanh_argument(x)[0])


def gelu_tanh_grad(dy: Array, x: Array) -> Array:
    """s + x s (1 - s) 2u' = s (1 + x sigmoid(-2u) 2u'), s = sigmoid(2u), u' = sqrt(2 / pi) (1 + 3 0.044715 x^2)."""
    argument, slope = gelu_tanh_argument(x)
    return dy * (sigmoid(argument) * (1.0 + bounded(x) * slope * sigmoid(-argument)))


def magnitude(x: Array) -> Array:
    """|x|, written so that it is x or -x on complex numbers too, where np.abs would not be analytic."""
    return np.maximum(x, -x)


def bounded(x: Array) -> Array:
    return np.minimum(np.maximum(x, -SATURATION), SATURATION)


def sigmoid_slope(x: Array) -> Array:
    e = np.exp(-magnitude(x))
    return e / np.square(1.0 + e)


def _normal_cdf(x: Array) -> Array:
    return 0.5 * evaluate(erfc, -x / math.sqrt(2.0))


def gelu_tanh_argument(x: Array) -> tuple[Array, Array]:
    """2u and its derivative."""
    near = bounded(x)
    factor = 2.0 * math.sqrt(2.0 / math.pi)
    cubic = GELU_CUBIC * np.square(near)
    return factor * near * (1.0 + cubic), factor * (1.0 + 3.0 * cubic)


def mish_gate(x: Array) -> tuple[Array, Array]:
    """t = tanh(softplus(x)) and its derivative, (1 - t^2) sigmoid(x) = 4 E (E + 1) / (E^2 + 2E + 2)^2."""
    e = np.exp(-magnitude(x))
    left = x < 0.0
    numerator = np.where(left, e * (e + 2.0), 1.0 + 2.0 * e)
    denominator = numerator + np.where(left, 2.0, 2.0 * np.square(e))
    slope = 4.0 * e * (1.0 + e) * np.where(left, 1.0, e) / np.square(denominator)
    return numerator / denominator, slope
