"""Activations of the NumPy control: each a method ``name(x, ...)`` with its ``name_gradient(dy, x, ...)``.

Everything is computed in the dtype of ``x``, in the form that keeps a small relative error in the tails and overflows
nowhere that the result is representable. A layer with another form of one activation overrides one method.

Sources of the forms: Blanchard, Higham & Higham, *Accurately computing the log-sum-exp and softmax functions*, IMA J.
Numer. Anal. 41 (2021) (shift by the maximum); Higham, *Accuracy and Stability of Numerical Algorithms*, section 1.14
(expm1, log1p).
"""

from __future__ import annotations

import importlib
import math

import numpy as np

from adapters.base import Array

#: Klambauer et al., Self-Normalizing Neural Networks, 2017, equation 2.
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def erfc(x: Array) -> Array:
    """1 - erf(x) with a small relative error in the right tail, in the dtype of ``x``."""
    try:
        return np.asarray(importlib.import_module("scipy.special").erfc(x))
    except ImportError:
        return np.asarray(np.vectorize(math.erfc, otypes=[np.float64])(x)).astype(x.dtype)


def _below(x: Array) -> Array:
    """min(x, 0), for an exponential that only the negative side reads: the other side would overflow."""
    return np.minimum(x, 0)


class Activations:
    """The gradient at a kink is that of the flat side (relu, relu6, hard_*) or of the negative side (leaky_relu)."""

    def relu(self, x: Array) -> Array:
        return np.maximum(x, 0)

    def relu_gradient(self, dy: Array, x: Array) -> Array:
        return np.where(x > 0, dy, 0)

    def leaky_relu(self, x: Array, negative_slope: float = 0.01) -> Array:
        return np.where(x > 0, x, negative_slope * x)

    def leaky_relu_gradient(self, dy: Array, x: Array, negative_slope: float = 0.01) -> Array:
        return np.where(x > 0, dy, negative_slope * dy)

    def prelu(self, x: Array, alpha: Array) -> Array:
        """``alpha`` broadcasts against ``x``."""
        return np.where(x > 0, x, alpha * x)

    def prelu_gradient(self, dy: Array, x: Array, alpha: Array) -> tuple[Array, Array]:
        """dx, and the slope's gradient element by element, not yet summed to the shape of ``alpha``."""
        return np.where(x > 0, dy, alpha * dy), np.where(x > 0, 0, dy * x)

    def relu6(self, x: Array) -> Array:
        return np.clip(x, 0, 6)

    def relu6_gradient(self, dy: Array, x: Array) -> Array:
        return np.where((x > 0) & (x < 6), dy, 0)

    def elu(self, x: Array, alpha: float = 1.0) -> Array:
        return np.where(x > 0, x, alpha * np.expm1(_below(x)))

    def elu_gradient(self, dy: Array, x: Array, alpha: float = 1.0) -> Array:
        return np.where(x > 0, dy, dy * (alpha * np.exp(_below(x))))

    def celu(self, x: Array, alpha: float = 1.0) -> Array:
        return np.where(x > 0, x, alpha * np.expm1(_below(x) / alpha))

    def celu_gradient(self, dy: Array, x: Array, alpha: float = 1.0) -> Array:
        return np.where(x > 0, dy, dy * np.exp(_below(x) / alpha))

    def selu(self, x: Array) -> Array:
        return np.where(x > 0, SELU_SCALE * x, (SELU_SCALE * SELU_ALPHA) * np.expm1(_below(x)))

    def selu_gradient(self, dy: Array, x: Array) -> Array:
        return dy * np.where(x > 0, SELU_SCALE, (SELU_SCALE * SELU_ALPHA) * np.exp(_below(x)))

    def gelu(self, x: Array) -> Array:
        """x Phi(x), Phi through erfc: 1 + erf cancels in the left tail."""
        return x * (0.5 * erfc(x * -math.sqrt(0.5)))

    def gelu_gradient(self, dy: Array, x: Array) -> Array:
        density = math.sqrt(0.5 / math.pi) * np.exp(-0.5 * np.square(x))
        return dy * (0.5 * erfc(x * -math.sqrt(0.5)) + x * density)

    def gelu_tanh(self, x: Array) -> Array:
        """(1 + tanh u)/2 is sigmoid(2u), which keeps its relative error where tanh u is near -1."""
        return x * self.sigmoid(self._gelu_tanh_argument(x))

    def gelu_tanh_gradient(self, dy: Array, x: Array) -> Array:
        # Beyond 32 the sigmoid is 0 or 1 in every dtype: the clip keeps the cubic from overflowing into inf * 0.
        near = np.clip(x, -32, 32)
        argument = self._gelu_tanh_argument(near)
        on, off = self.sigmoid(argument), self.sigmoid(-argument)
        slope = 2 * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * np.square(near))
        return np.asarray(dy * (on * (1 + near * off * slope)))

    def _gelu_tanh_argument(self, x: Array) -> Array:
        return 2 * math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x))

    def silu(self, x: Array) -> Array:
        return x * self.sigmoid(x)

    def silu_gradient(self, dy: Array, x: Array) -> Array:
        return np.asarray(dy * (self.sigmoid(x) * (1 + x * self.sigmoid(-x))))

    def mish(self, x: Array) -> Array:
        """tanh(log(1 + e)) is e(e + 2)/(e(e + 2) + 2); for positive x the fraction is reduced by e^2."""
        e = np.exp(-np.abs(x))
        below = e * (e + 2) / (e * (e + 2) + 2)
        above = (1 + 2 * e) / (1 + 2 * e * (1 + e))
        return np.asarray(x * np.where(x < 0, below, above))

    def mish_gradient(self, dy: Array, x: Array) -> Array:
        """t + x sech^2(softplus x) sigmoid(x), the product of the last two as one positive fraction."""
        e = np.exp(-np.abs(x))
        low, high = e * (e + 2) + 2, 1 + 2 * e * (1 + e)
        below = e * (e + 2) / low + x * (4 * e * (1 + e) / np.square(low))
        above = (1 + 2 * e) / high + x * (4 * np.square(e) * (1 + e) / np.square(high))
        return np.asarray(dy * np.where(x < 0, below, above))

    def sigmoid(self, x: Array) -> Array:
        e = np.exp(-np.abs(x))
        return np.asarray(np.where(x < 0, e, 1) / (1 + e))

    def sigmoid_gradient(self, dy: Array, x: Array) -> Array:
        return np.asarray(dy * (self.sigmoid(x) * self.sigmoid(-x)))

    def log_sigmoid(self, x: Array) -> Array:
        return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))

    def log_sigmoid_gradient(self, dy: Array, x: Array) -> Array:
        return dy * self.sigmoid(-x)

    def tanh(self, x: Array) -> Array:
        return np.tanh(x)

    def tanh_gradient(self, dy: Array, x: Array) -> Array:
        """sech^2 through exp: 1 - tanh^2 cancels in both tails."""
        e = np.exp(-2 * np.abs(x))
        return np.asarray(dy * (4 * e / np.square(1 + e)))

    def softplus(self, x: Array, beta: float = 1.0) -> Array:
        return np.maximum(x, 0) + np.log1p(np.exp(-beta * np.abs(x))) / beta

    def softplus_gradient(self, dy: Array, x: Array, beta: float = 1.0) -> Array:
        return dy * self.sigmoid(beta * x)

    def softsign(self, x: Array) -> Array:
        return np.asarray(x / (1 + np.abs(x)))

    def softsign_gradient(self, dy: Array, x: Array) -> Array:
        root = 1 / (1 + np.abs(x))
        return dy * root * root

    def hard_sigmoid(self, x: Array) -> Array:
        return np.asarray(np.clip(x + 3, 0, 6) / 6)

    def hard_sigmoid_gradient(self, dy: Array, x: Array) -> Array:
        return np.where((x > -3) & (x < 3), dy / 6, 0)

    def hard_swish(self, x: Array) -> Array:
        return np.asarray(x * (np.clip(x + 3, 0, 6) / 6))

    def hard_swish_gradient(self, dy: Array, x: Array) -> Array:
        middle = np.where(x < 3, dy * ((2 * x + 3) / 6), dy)
        return np.where(x > -3, middle, 0)

    def hard_tanh(self, x: Array) -> Array:
        return np.clip(x, -1, 1)

    def hard_tanh_gradient(self, dy: Array, x: Array) -> Array:
        return np.where((x > -1) & (x < 1), dy, 0)

    def softmax(self, x: Array, axis: int = -1) -> Array:
        e = np.exp(x - np.max(x, axis, keepdims=True))
        return np.asarray(e / np.sum(e, axis, keepdims=True))

    def softmax_gradient(self, dy: Array, x: Array, axis: int = -1) -> Array:
        y = self.softmax(x, axis)
        return np.asarray(y * (dy - np.sum(dy * y, axis, keepdims=True)))

    def log_softmax(self, x: Array, axis: int = -1) -> Array:
        shifted = x - np.max(x, axis, keepdims=True)
        return np.asarray(shifted - np.log(np.sum(np.exp(shifted), axis, keepdims=True)))

    def log_softmax_gradient(self, dy: Array, x: Array, axis: int = -1) -> Array:
        return np.asarray(dy - self.softmax(x, axis) * np.sum(dy, axis, keepdims=True))

    def glu(self, x: Array, axis: int = -1) -> Array:
        value, gate = np.split(x, 2, axis)
        return value * self.sigmoid(gate)

    def glu_gradient(self, dy: Array, x: Array, axis: int = -1) -> Array:
        value, gate = np.split(x, 2, axis)
        on, off = self.sigmoid(gate), self.sigmoid(-gate)
        return np.concatenate([dy * on, dy * (value * (on * off))], axis)
