"""Activations in the textbook forms that cancel; kept for grading alone.

Each is the formula as papers and documentation print it, and its derivative as calculus gives it from the formula or
from the output: 1 + erf, 1 + tanh and exp(x) - 1 in the value, 1 - y^2, y (1 - y) and y + alpha in the gradient. On
real numbers they equal :mod:`reference.smooth` and :mod:`reference.rectifiers`; in floating point they lose all
relative accuracy in a tail, as E[x^2] - E[x]^2 does on data with a large mean. An implementation that stays within the
bound of these forms, and not within that of the sound ones, computes the right formula in an unsound way.

Shapes: x, y, dy, dx all alike. Sources: as in :mod:`reference.activations`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping

import numpy as np

from reference import rectifiers, smooth
from reference.activations import ACTIVATIONS, Activation
from reference.moments import Array
from reference.special import erf, evaluate


def sigmoid_grad(dy: Array, x: Array) -> Array:
    """y (1 - y), y = sigmoid(x)."""
    y = smooth.sigmoid(x)
    return dy * (y * (1.0 - y))


def tanh_grad(dy: Array, x: Array) -> Array:
    """1 - y^2, y = tanh(x)."""
    return dy * (1.0 - np.square(np.tanh(x)))


def silu_grad(dy: Array, x: Array) -> Array:
    """s (1 + x (1 - s)), s = sigmoid(x)."""
    s = smooth.sigmoid(x)
    return dy * (s * (1.0 + x * (1.0 - s)))


def mish_grad(dy: Array, x: Array) -> Array:
    """t + x (1 - t^2) sigmoid(x), t = tanh(softplus(x))."""
    t = np.tanh(smooth.softplus(x))
    return dy * (t + x * ((1.0 - np.square(t)) * smooth.sigmoid(x)))


def gelu(x: Array) -> Array:
    """x (1 + erf(x / sqrt(2))) / 2."""
    return x * _normal_cdf(x)


def gelu_grad(dy: Array, x: Array) -> Array:
    """(1 + erf(x / sqrt(2))) / 2 + x exp(-x^2 / 2) / sqrt(2 pi)."""
    density = np.exp(-0.5 * np.square(x)) / math.sqrt(2.0 * math.pi)
    return dy * (_normal_cdf(x) + x * density)


def gelu_tanh(x: Array) -> Array:
    """x (1 + tanh(u)) / 2, u = sqrt(2 / pi) (x + 0.044715 x^3)."""
    return x * (0.5 * (1.0 + np.tanh(_gelu_tanh_argument(x))))


def gelu_tanh_grad(dy: Array, x: Array) -> Array:
    """(1 + t) / 2 + x (1 - t^2) u' / 2, t = tanh(u), u' = sqrt(2 / pi) (1 + 3 0.044715 x^2)."""
    t = np.tanh(_gelu_tanh_argument(x))
    slope = math.sqrt(2.0 / math.pi) * (1.0 + 3.0 * smooth.GELU_CUBIC * np.square(x))
    return dy * (0.5 * (1.0 + t) + 0.5 * x * ((1.0 - np.square(t)) * slope))


def softplus_grad(dy: Array, x: Array, beta: float = 1.0) -> Array:
    """exp(x - y), y = softplus(x): the derivative of the logarithm of a sum of exponentials."""
    scaled = beta * x
    return dy * np.exp(scaled - smooth.softplus(scaled))


def log_sigmoid_grad(dy: Array, x: Array) -> Array:
    """exp(-x + y), y = log_sigmoid(x)."""
    return softplus_grad(dy, -x)


def softsign_grad(dy: Array, x: Array) -> Array:
    """1 / (1 + |x|) - |x| / (1 + |x|)^2: the rule for quotients."""
    size = np.maximum(x, -x)
    return dy / (1.0 + size) - dy * (size / np.square(1.0 + size))


def elu(x: Array, alpha: float = 1.0) -> Array:
    """x for x > 0, else alpha (exp(x) - 1)."""
    return np.where(x > 0.0, x, alpha * _exponential_less_one(x))


def elu_grad(dy: Array, x: Array, alpha: float = 1.0) -> Array:
    """1 for x > 0, else y + alpha, y = alpha (exp(x) - 1)."""
    return np.where(x > 0.0, dy, dy * (alpha * _exponential_less_one(x) + alpha))


def celu(x: Array, alpha: float = 1.0) -> Array:
    """x for x > 0, else alpha (exp(x / alpha) - 1)."""
    return np.where(x > 0.0, x, alpha * _exponential_less_one(x / alpha))


def celu_grad(dy: Array, x: Array, alpha: float = 1.0) -> Array:
    """1 for x > 0, else y / alpha + 1, y = alpha (exp(x / alpha) - 1)."""
    return np.where(x > 0.0, dy, dy * (_exponential_less_one(x / alpha) + 1.0))


def selu(x: Array) -> Array:
    """scale elu(x, alpha)."""
    return rectifiers.SELU_SCALE * elu(x, rectifiers.SELU_ALPHA)


def selu_grad(dy: Array, x: Array) -> Array:
    """scale for x > 0, else y + scale alpha, y = selu(x)."""
    return rectifiers.SELU_SCALE * elu_grad(dy, x, rectifiers.SELU_ALPHA)


def glu_grad(dy: Array, x: Array, axis: int = -1) -> Array:
    """(dy s, dy a s (1 - s)), x = (a, b) in halves, s = sigmoid(b)."""
    a, b = np.split(x, 2, axis=axis)
    return np.concatenate([dy * smooth.sigmoid(b), sigmoid_grad(dy * a, b)], axis=axis)


def _normal_cdf(x: Array) -> Array:
    return 0.5 * (1.0 + evaluate(erf, x / math.sqrt(2.0)))


def _gelu_tanh_argument(x: Array) -> Array:
    return math.sqrt(2.0 / math.pi) * (x + smooth.GELU_CUBIC * (x * np.square(x)))


def _exponential_less_one(x: Array) -> Array:
    return np.exp(np.minimum(x, 0.0)) - 1.0


#: name -> forms that cancel, by the field of Activation that they stand for.
_FORMS: Mapping[str, Mapping[str, Callable[..., Array]]] = {
    "sigmoid": {"gradient": sigmoid_grad},
    "tanh": {"gradient": tanh_grad},
    "silu": {"gradient": silu_grad},
    "mish": {"gradient": mish_grad},
    "gelu": {"forward": gelu, "gradient": gelu_grad},
    "gelu_tanh": {"forward": gelu_tanh, "gradient": gelu_tanh_grad},
    "softplus": {"gradient": softplus_grad},
    "log_sigmoid": {"gradient": log_sigmoid_grad},
    "softsign": {"gradient": softsign_grad},
    "elu": {"forward": elu, "gradient": elu_grad},
    "celu": {"forward": celu, "gradient": celu_grad},
    "selu": {"forward": selu, "gradient": selu_grad},
    "glu": {"gradient": glu_grad},
}

#: Every activation, in its textbook form where that cancels.
TEXTBOOK: dict[str, Activation] = {
    name: dataclasses.replace(
        activation,
        forward=_FORMS.get(name, {}).get("forward", activation.forward),
        gradient=_FORMS.get(name, {}).get("gradient", activation.gradient),
    )
    for name, activation in ACTIVATIONS.items()
}
