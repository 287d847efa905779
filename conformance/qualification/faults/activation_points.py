"""Wrong activations at single points: kinks, infinities, NaN, signed zeros, the ends of the range."""

from __future__ import annotations

import math

import numpy as np

from adapters._numpy_activations import erfc
from adapters.base import Array
from adapters.numpy import NumPy

from ..registry import fault


def in_tail(x: Array) -> Array:
    """True for the elements beyond the last whole vector of eight."""
    return np.arange(x.size).reshape(x.shape) >= x.size - x.size % 8


@fault(clause="ACT.kink", category="gradient", says="prelu: relu(x) - alpha relu(-x), and no slope at 0")
class PreluFlatAtZero(NumPy):
    def prelu_gradient(self, dy: Array, x: Array, alpha: Array) -> tuple[Array, Array]:
        dx, terms = super().prelu_gradient(dy, x, alpha)
        return np.where(x == 0, 0, dx), terms


@fault(clause="ACT.kink", category="gradient", says="leaky_relu: both sides pass the gradient at 0")
class LeakyBothSides(NumPy):
    def leaky_relu_gradient(self, dy: Array, x: Array, negative_slope: float = 0.01) -> Array:
        return np.where(x >= 0, dy, 0) + np.where(x <= 0, negative_slope * dy, 0)


@fault(
    clause="ACT.kink",
    category="gradient",
    says="hard_swish: the middle piece and the identity both pass the gradient at 3",
)
class HardSwishBothSides(NumPy):
    def hard_swish_gradient(self, dy: Array, x: Array) -> Array:
        return np.asarray(super().hard_swish_gradient(dy, x) + np.where(x == 3, 1.5 * dy, 0).astype(dy.dtype))


@fault(clause="ACT.kink", category="layout", says="relu6: at 6 the other side in the tail of a vector")
class Relu6OtherInTail(NumPy):
    def relu6_gradient(self, dy: Array, x: Array) -> Array:
        return np.where((x == 6) & in_tail(x), dy, super().relu6_gradient(dy, x))


@fault(clause="ACT.kink", category="gradient", says="elu: no slope at 0")
class EluFlatAtZero(NumPy):
    def elu_gradient(self, dy: Array, x: Array, alpha: float = 1.0) -> Array:
        return np.where(x == 0, 0, super().elu_gradient(dy, x, alpha))


@fault(
    clause="ACT.special",
    category="special value",
    says="relu: a comparison, false for NaN",
    tracker="https://github.com/pytorch/pytorch/issues/7999",
)
class ReluDropsNaN(NumPy):
    def relu(self, x: Array) -> Array:
        return np.where(x > 0, x, 0)


@fault(clause="ACT.special", category="special value", says="hard_tanh: minimum and maximum that prefer the number")
class HardTanhPrefersNumber(NumPy):
    def hard_tanh(self, x: Array) -> Array:
        return np.asarray(np.fmin(np.fmax(x, -1), 1))


@fault(clause="ACT.special", category="layout", says="sigmoid: NaN lost in the tail of a vector")
class SigmoidTailDropsNaN(NumPy):
    def sigmoid(self, x: Array) -> Array:
        return np.where(np.isnan(x) & in_tail(x), 0, super().sigmoid(x))


@fault(clause="ACT.special", category="layout", says="relu6: gradient at NaN 1 in a tail, 0 in a vector")
class Relu6GradientAtNaN(NumPy):
    def relu6_gradient(self, dy: Array, x: Array) -> Array:
        return np.where(np.isnan(x) & in_tail(x), dy, super().relu6_gradient(dy, x))


@fault(
    clause="ACT.special",
    category="special value",
    says="tanh: a quotient of exponentials",
    tracker="https://github.com/deeplearning4j/deeplearning4j/issues/7382",
)
class TanhQuotient(NumPy):
    def tanh(self, x: Array) -> Array:
        e = np.exp(np.clip(x, -80, 80))
        return np.where(np.isinf(x), np.exp(x) / np.exp(x), (e - 1 / e) / (e + 1 / e))


@fault(clause="ACT.special", category="special value", says="softplus: x - x added, NaN at infinity")
class SoftplusAtInfinity(NumPy):
    def softplus(self, x: Array, beta: float = 1.0) -> Array:
        return np.asarray(super().softplus(x, beta) + (x - x))


@fault(clause="ACT.special", category="special value", says="silu: gradient at infinity infinite")
class SiluGradientInfinite(NumPy):
    def silu_gradient(self, dy: Array, x: Array) -> Array:
        return np.where(np.isinf(x), x, super().silu_gradient(dy, x))


@fault(clause="ACT.special", category="special value", says="softsign: the sign bit makes a one of -0")
class SoftsignOfSignedZero(NumPy):
    def softsign(self, x: Array) -> Array:
        return np.where((x == 0) & np.signbit(x), -1, super().softsign(x))


@fault(clause="ACT.special", category="special value", says="elu: one NaN spoils the tensor")
class EluSpoilt(NumPy):
    def elu(self, x: Array, alpha: float = 1.0) -> Array:
        return np.asarray(super().elu(x, alpha) + 0 * x.sum())


@fault(clause="ACT.special", category="special value", says="softmax: the row's maximum and sum without its NaN")
class SoftmaxWithoutNaN(NumPy):
    def softmax(self, x: Array, axis: int = -1) -> Array:
        e = np.exp(x - np.fmax.reduce(x, axis, keepdims=True))
        return np.asarray(e / np.nansum(e, axis, keepdims=True).astype(x.dtype))


@fault(clause="ACT.special", category="special value", says="log_softmax: a mask of -inf becomes NaN")
class LogSoftmaxMasked(NumPy):
    def log_softmax(self, x: Array, axis: int = -1) -> Array:
        return np.where(np.isneginf(x), np.nan, super().log_softmax(x, axis)).astype(x.dtype)


@fault(
    clause="ACT.special",
    category="special value",
    says="softmax: the gradient of a masked element is NaN",
    tracker="https://github.com/pytorch/pytorch/issues/31829",
)
class SoftmaxGradientMasked(NumPy):
    def softmax_gradient(self, dy: Array, x: Array, axis: int = -1) -> Array:
        return np.asarray(super().softmax_gradient(dy, x, axis) + 0 * np.where(np.isneginf(x), x, 0))


@fault(clause="ACT.special", category="special value", says="glu: an infinite gate makes NaN")
class GluGateAtInfinity(NumPy):
    def glu(self, x: Array, axis: int = -1) -> Array:
        gate = np.split(x, 2, axis)[1]
        return np.asarray(super().glu(x, axis) + (gate - gate))


@fault(clause="ACT.range", category="special value", says="hard_swish: x (x + 3) / 6 from left to right")
class HardSwishLeftToRight(NumPy):
    def hard_swish(self, x: Array) -> Array:
        return np.asarray(x * np.clip(x + 3, 0, 6) / 6)


@fault(clause="ACT.range", category="special value", says="gelu: x times erfc before the half")
class GeluDoubled(NumPy):
    def gelu(self, x: Array) -> Array:
        return np.asarray(x * erfc(x * -math.sqrt(0.5)) / 2)


@fault(clause="ACT.range", category="special value", says="silu: the cotangent times x first")
class SiluProductFirst(NumPy):
    def silu_gradient(self, dy: Array, x: Array) -> Array:
        return np.asarray(dy * self.sigmoid(x) + dy * x * (self.sigmoid(x) * self.sigmoid(-x)))


@fault(clause="ACT.range", category="special value", says="softsign: 1 + |x| squared")
class SoftsignSquared(NumPy):
    def softsign(self, x: Array) -> Array:
        return np.asarray(x * (1 + np.abs(x)) / np.square(1 + np.abs(x)))


@fault(clause="ACT.range", category="special value", says="leaky_relu: numbers of the first decade read as 0")
class LeakyDropsSmallest(NumPy):
    def leaky_relu(self, x: Array, negative_slope: float = 0.01) -> Array:
        return np.where(np.abs(x) < 10 * np.finfo(x.dtype).tiny, 0, super().leaky_relu(x, negative_slope))
