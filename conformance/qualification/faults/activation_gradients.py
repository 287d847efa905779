"""Wrong gradients of activations whose values are right."""

from __future__ import annotations

import math

import numpy as np

from adapters._numpy_activations import SELU_ALPHA, SELU_SCALE, erfc
from adapters.base import Array
from adapters.numpy import NumPy

from ..registry import fault


@fault(clause="ACT.grad", category="gradient", says="relu: the gradient passes on the negative side too")
class ReluGradientOpen(NumPy):
    def relu_gradient(self, dy: Array, x: Array) -> Array:
        return dy.copy()


@fault(clause="ACT.grad", category="gradient", says="relu6: the gradient passes beyond 6")
class Relu6GradientOpen(NumPy):
    def relu6_gradient(self, dy: Array, x: Array) -> Array:
        return self.relu_gradient(dy, x)


@fault(clause="ACT.grad", category="gradient", says="leaky_relu: the gradient of relu")
class LeakyGradientClosed(NumPy):
    def leaky_relu_gradient(self, dy: Array, x: Array, negative_slope: float = 0.01) -> Array:
        return self.relu_gradient(dy, x)


@fault(clause="ACT.grad", category="gradient", says="prelu: the slope's gradient takes in the positive side")
class PreluSlopeGradient(NumPy):
    def prelu_gradient(self, dy: Array, x: Array, alpha: Array) -> tuple[Array, Array]:
        return super().prelu_gradient(dy, x, alpha)[0], dy * x


@fault(clause="ACT.grad", category="gradient", says="elu: alpha left out of the gradient")
class EluGradientWithoutAlpha(NumPy):
    def elu_gradient(self, dy: Array, x: Array, alpha: float = 1.0) -> Array:
        return super().elu_gradient(dy, x)


@fault(clause="ACT.grad", category="gradient", says="celu: the gradient of elu")
class CeluGradientAsElu(NumPy):
    def celu_gradient(self, dy: Array, x: Array, alpha: float = 1.0) -> Array:
        return self.elu_gradient(dy, x, alpha)


@fault(clause="ACT.grad", category="gradient", says="selu: the scale left out of the negative side")
class SeluGradientUnscaled(NumPy):
    def selu_gradient(self, dy: Array, x: Array) -> Array:
        return dy * np.where(x > 0, SELU_SCALE, SELU_ALPHA * np.exp(np.minimum(x, 0)))


@fault(clause="ACT.grad", category="gradient", says="gelu: the density term left out")
class GeluGradientWithoutDensity(NumPy):
    def gelu_gradient(self, dy: Array, x: Array) -> Array:
        return dy * (0.5 * erfc(x * -math.sqrt(0.5)))


@fault(clause="ACT.grad", category="gradient", says="gelu_tanh: the cubic's derivative without its factor 3")
class GeluTanhGradientCubic(NumPy):
    def gelu_tanh_gradient(self, dy: Array, x: Array) -> Array:
        near = np.clip(x, -32, 32)
        argument = self._gelu_tanh_argument(near)
        on, off = self.sigmoid(argument), self.sigmoid(-argument)
        slope = 2 * math.sqrt(2 / math.pi) * (1 + 0.044715 * np.square(near))
        return np.asarray(dy * (on * (1 + near * off * slope)))


@fault(clause="ACT.grad", category="gradient", says="silu: no x term")
class SiluGradientWithoutInput(NumPy):
    def silu_gradient(self, dy: Array, x: Array) -> Array:
        return dy * self.sigmoid(x)


@fault(
    clause="ACT.grad",
    category="special value",
    says="mish: the textbook fraction overflows in the right tail",
    tracker="https://github.com/AlexeyAB/darknet/issues/3994",
)
class MishGradientOverflows(NumPy):
    def mish_gradient(self, dy: Array, x: Array) -> Array:
        e = np.exp(x)
        omega = 4 * (x + 1) + 4 * e**2 + e**3 + e * (4 * x + 6)
        return np.asarray(dy * (e * omega / np.square(2 * e + e**2 + 2)))


@fault(clause="ACT.grad", category="reduction", says="sigmoid: s (1 - s) cancels in the right tail")
class SigmoidGradientCancels(NumPy):
    def sigmoid_gradient(self, dy: Array, x: Array) -> Array:
        return np.asarray(dy * (self.sigmoid(x) * (1 - self.sigmoid(x))))


@fault(clause="ACT.grad", category="gradient", says="log_sigmoid: sigmoid(x) for sigmoid(-x)")
class LogSigmoidGradientMirrored(NumPy):
    def log_sigmoid_gradient(self, dy: Array, x: Array) -> Array:
        return dy * self.sigmoid(x)


@fault(clause="ACT.grad", category="gradient", says="tanh: 1 - tanh, not squared")
class TanhGradientNotSquared(NumPy):
    def tanh_gradient(self, dy: Array, x: Array) -> Array:
        return np.asarray(dy * (1 - np.tanh(x)))


@fault(
    clause="ACT.grad",
    category="special value",
    says="softplus: exp(x)/(1 + exp(x)) is inf/inf",
    tracker="https://github.com/tenstorrent/tt-metal/pull/56397",
)
class SoftplusGradientOverflows(NumPy):
    def softplus_gradient(self, dy: Array, x: Array, beta: float = 1.0) -> Array:
        return np.asarray(dy * (np.exp(beta * x) / (1 + np.exp(beta * x))))


@fault(clause="ACT.grad", category="gradient", says="softsign: the denominator not squared")
class SoftsignGradientNotSquared(NumPy):
    def softsign_gradient(self, dy: Array, x: Array) -> Array:
        return np.asarray(dy / (1 + np.abs(x)))


@fault(clause="ACT.grad", category="gradient", says="hard_sigmoid: slope 0.2 for 1/6")
class HardSigmoidGradientSlope(NumPy):
    def hard_sigmoid_gradient(self, dy: Array, x: Array) -> Array:
        return np.where(np.abs(x) < 2.5, 0.2 * dy, 0)


@fault(clause="ACT.grad", category="gradient", says="hard_swish: the gate alone, without the x term")
class HardSwishGradientGate(NumPy):
    def hard_swish_gradient(self, dy: Array, x: Array) -> Array:
        return dy * self.hard_sigmoid(x)


@fault(clause="ACT.grad", category="gradient", says="hard_tanh: the gradient passes beyond the knees")
class HardTanhGradientOpen(NumPy):
    def hard_tanh_gradient(self, dy: Array, x: Array) -> Array:
        return dy.copy()


@fault(clause="ACT.grad", category="gradient", says="softmax: the diagonal of the Jacobian alone")
class SoftmaxGradientDiagonal(NumPy):
    def softmax_gradient(self, dy: Array, x: Array, axis: int = -1) -> Array:
        y = self.softmax(x, axis)
        return np.asarray(dy * y * (1 - y))


@fault(clause="ACT.grad", category="gradient", says="log_softmax: dy (1 - softmax), without the sum of dy")
class LogSoftmaxGradientWithoutSum(NumPy):
    def log_softmax_gradient(self, dy: Array, x: Array, axis: int = -1) -> Array:
        return np.asarray(dy * (1 - self.softmax(x, axis)))


@fault(clause="ACT.grad", category="gradient", says="glu: the gate's half of the gradient without the value")
class GluGateGradient(NumPy):
    def glu_gradient(self, dy: Array, x: Array, axis: int = -1) -> Array:
        gate = np.split(x, 2, axis)[1]
        on = self.sigmoid(gate)
        return np.concatenate([dy * on, dy * on * self.sigmoid(-gate)], axis)
