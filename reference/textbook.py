"""Activations in the textbook forms that cancel; kept for grading alone.

Each is the formula as papers and documentation print it, and its derivative as calculus gives it from the formula or
from the output: 1 + erf, 1 + tanh and exp(x) - 1 in the value, 1 - y^2, y (1 - y) and y + alpha in the gradient, and
what the product rule makes of these in the second derivative. On real numbers they equal the functions of
:mod:`reference.smooth`, :mod:`reference.rectifiers` and :mod:`reference.curvature`; in floating point they lose all
relative accuracy in a tail, as E[x^2] - E[x]^2 does on data with a large mean. An implementation that stays within the
bound of these forms, and not within that of the sound ones, computes the right formula in an unsound way.

Shapes: x, y, dy, dx all alike. Sources: as in :mod:`reference.activations`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping

import numpy as np

from reference import rectifiers, rows, smooth
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


def glu_tangent(t: Array, x: Array, axis: int = -1) -> Array:
    """t_a s + t_b a s (1 - s), x = (a, b) in halves, s = sigmoid(b)."""
    (a, b), (ta, tb) = np.split(x, 2, axis=axis), np.split(t, 2, axis=axis)
    return ta * smooth.sigmoid(b) + sigmoid_grad(tb * a, b)


def sigmoid_second(ddx: Array, dy: Array, x: Array) -> Array:
    """y (1 - y) (1 - 2y), y = sigmoid(x)."""
    y = smooth.sigmoid(x)
    return ddx * (dy * ((1.0 - 2.0 * y) * (y * (1.0 - y))))


def log_sigmoid_second(ddx: Array, dy: Array, x: Array) -> Array:
    """s (s - 1), s = sigmoid(x)."""
    return -sigmoid_grad(ddx * dy, x)


def softplus_second(ddx: Array, dy: Array, x: Array, beta: float = 1.0) -> Array:
    """beta s (1 - s), s = sigmoid(beta x)."""
    return beta * sigmoid_grad(ddx * dy, beta * x)


def tanh_second(ddx: Array, dy: Array, x: Array) -> Array:
    """-2 y (1 - y^2), y = tanh(x)."""
    y = np.tanh(x)
    return ddx * (dy * (-2.0 * y * (1.0 - np.square(y))))


def silu_second(ddx: Array, dy: Array, x: Array) -> Array:
    """s (1 - s) (1 + x (1 - s)) + s (1 - s - x s (1 - s)), s = sigmoid(x)."""
    s = smooth.sigmoid(x)
    slope = s * (1.0 - s)
    return ddx * (dy * (slope * (1.0 + x * (1.0 - s)) + s * ((1.0 - s) - x * slope)))


def mish_second(ddx: Array, dy: Array, x: Array) -> Array:
    """2 t' + x (t' (1 - s) - 2 t t' s), t' = (1 - t^2) s, t = tanh(softplus(x)), s = sigmoid(x)."""
    t, s = np.tanh(smooth.softplus(x)), smooth.sigmoid(x)
    slope = (1.0 - np.square(t)) * s
    return ddx * (dy * (2.0 * slope + x * (slope * (1.0 - s) - 2.0 * t * slope * s)))


def gelu_tanh_second(ddx: Array, dy: Array, x: Array) -> Array:
    """(1 - t^2) u' + x ((1 - t^2) u'' - 2 t (1 - t^2) u'^2) / 2, t = tanh(u)."""
    t = np.tanh(_gelu_tanh_argument(x))
    slope = math.sqrt(2.0 / math.pi) * (1.0 + 3.0 * smooth.GELU_CUBIC * np.square(x))
    bend = (6.0 * math.sqrt(2.0 / math.pi) * smooth.GELU_CUBIC) * x
    curve = 1.0 - np.square(t)
    return ddx * (dy * (curve * slope + 0.5 * x * (curve * bend - 2.0 * t * curve * np.square(slope))))


def softsign_second(ddx: Array, dy: Array, x: Array) -> Array:
    """-sign(x) (2 / (1 + |x|)^2 - 2 |x| / (1 + |x|)^3): the rule for quotients, twice."""
    size = np.maximum(x, -x)
    square = np.square(1.0 + size)
    curve = 2.0 / square - 2.0 * size / (square * (1.0 + size))
    dxx: Array = ddx * (dy * np.where(x > 0.0, -curve, curve))
    return dxx


def elu_second(ddx: Array, dy: Array, x: Array, alpha: float = 1.0) -> Array:
    """0 for x > 0, else y + alpha, y = alpha (exp(x) - 1)."""
    return np.where(x > 0.0, 0.0, ddx * (dy * (alpha * _exponential_less_one(x) + alpha)))


def celu_second(ddx: Array, dy: Array, x: Array, alpha: float = 1.0) -> Array:
    """0 for x > 0, else (y / alpha + 1) / alpha, y = alpha (exp(x / alpha) - 1)."""
    return np.where(x > 0.0, 0.0, ddx * (dy * ((_exponential_less_one(x / alpha) + 1.0) / alpha)))


def selu_second(ddx: Array, dy: Array, x: Array) -> Array:
    """0 for x > 0, else y + scale alpha, y = selu(x)."""
    return rectifiers.SELU_SCALE * elu_second(ddx, dy, x, rectifiers.SELU_ALPHA)


def softmax_second(ddx: Array, dy: Array, x: Array, axis: int = -1) -> Array:
    """y (h - sum(y h)), h = ddx (dy - sum(y dy)) - dy sum(y ddx): through the output."""
    y = rows.softmax(x, axis)
    along = np.sum(y * ddx, axis=axis, keepdims=True)
    h = ddx * (dy - np.sum(y * dy, axis=axis, keepdims=True)) - dy * along
    dxx: Array = y * (h - np.sum(y * h, axis=axis, keepdims=True))
    return dxx


def glu_second(ddx: Array, dy: Array, x: Array, axis: int = -1) -> Array:
    """(dd_b dy s (1 - s), dd_a dy s (1 - s) + dd_b dy a s (1 - s) (1 - 2s)), s = sigmoid(b)."""
    (a, b), (da, db) = np.split(x, 2, axis=axis), np.split(ddx, 2, axis=axis)
    of_gate = sigmoid_grad(da * dy, b) + sigmoid_second(db, dy * a, b)
    return np.concatenate([sigmoid_grad(db * dy, b), of_gate], axis=axis)


def _normal_cdf(x: Array) -> Array:
    return 0.5 * (1.0 + evaluate(erf, x / math.sqrt(2.0)))


def _gelu_tanh_argument(x: Array) -> Array:
    return math.sqrt(2.0 / math.pi) * (x + smooth.GELU_CUBIC * (x * np.square(x)))


def _exponential_less_one(x: Array) -> Array:
    return np.exp(np.minimum(x, 0.0)) - 1.0


#: name -> forms that cancel, by the field of Activation that they stand for.
_FORMS: Mapping[str, Mapping[str, Callable[..., Array]]] = {
    "sigmoid": {"gradient": sigmoid_grad, "second": sigmoid_second},
    "tanh": {"gradient": tanh_grad, "second": tanh_second},
    "silu": {"gradient": silu_grad, "second": silu_second},
    "mish": {"gradient": mish_grad, "second": mish_second},
    "gelu": {"forward": gelu, "gradient": gelu_grad},
    "gelu_tanh": {"forward": gelu_tanh, "gradient": gelu_tanh_grad, "second": gelu_tanh_second},
    "softplus": {"gradient": softplus_grad, "second": softplus_second},
    "log_sigmoid": {"gradient": log_sigmoid_grad, "second": log_sigmoid_second},
    "softsign": {"gradient": softsign_grad, "second": softsign_second},
    "elu": {"forward": elu, "gradient": elu_grad, "second": elu_second},
    "celu": {"forward": celu, "gradient": celu_grad, "second": celu_second},
    "selu": {"forward": selu, "gradient": selu_grad, "second": selu_second},
    "glu": {"gradient": glu_grad, "second": glu_second, "tangent": glu_tangent},
    "softmax": {"second": softmax_second},
}

#: Every activation, in its textbook form where that cancels.
TEXTBOOK: dict[str, Activation] = {
    name: dataclasses.replace(activation, **_FORMS.get(name, {}))  # type: ignore[arg-type]
    for name, activation in ACTIVATIONS.items()
}
