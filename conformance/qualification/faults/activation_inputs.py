"""Activations that are wrong for one input among 65536, or for a few at a turning point."""

from __future__ import annotations

import numpy as np

from adapters.base import Array
from adapters.numpy import NumPy

from ..registry import fault


@fault(
    clause="ACT.value.every", category="formula", says="silu: one of 65536 inputs is wrong by a last place and a half"
)
class SiluOneInput(NumPy):
    def silu(self, x: Array) -> Array:
        return np.asarray(super().silu(x) * np.where(x == np.float16(0.7314), 1 + 1.5 * 2.0**-10, 1).astype(x.dtype))


@fault(
    clause="ACT.value.every",
    category="special value",
    says="tanh: one input near the smallest normal number is four times too large",
)
class TanhSmallInput(NumPy):
    def tanh(self, x: Array) -> Array:
        return np.where(np.abs(x) == 1.5 * 2.0**-126, 4 * x, super().tanh(x))


@fault(
    clause="ACT.value.every",
    category="special value",
    says="gelu: saturated a little before the tail ends",
    tracker="https://github.com/tenstorrent/tt-metal/issues/5578",
)
class GeluEndsEarly(NumPy):
    def gelu(self, x: Array) -> Array:
        return np.where(x < -12.9, 0, super().gelu(x))


@fault(
    clause="ACT.value.every", category="formula", says="softmax: an input just below its row's largest is taken for it"
)
class SoftmaxNearTie(NumPy):
    def softmax(self, x: Array, axis: int = -1) -> Array:
        highest = np.max(x, axis, keepdims=True)
        return super().softmax(np.where(np.abs(x - highest) < 0.002, highest, x), axis)


@fault(
    clause="ACT.value.every",
    category="special value",
    says="sigmoid: NaN answered with a number for one pattern of NaN",
)
class SigmoidOneNaN(NumPy):
    def sigmoid(self, x: Array) -> Array:
        return np.where(np.isnan(x) & (np.cumsum(np.isnan(x)).reshape(x.shape) == 77), 0, super().sigmoid(x))


@fault(clause="ACT.grad.every", category="gradient", says="hard_swish: the slope's knee a step or two beside 3")
class HardSwishKneeBeside(NumPy):
    def hard_swish_gradient(self, dy: Array, x: Array) -> Array:
        right = super().hard_swish_gradient(dy, x)
        return np.where((x > 3) & (x < 3.003), 1.5 * dy, right)


@fault(
    clause="ACT.grad.every", category="gradient", says="log_sigmoid: the gradient's tail cut off a unit before it ends"
)
class LogSigmoidTailCut(NumPy):
    def log_sigmoid_gradient(self, dy: Array, x: Array) -> Array:
        return np.where((x > 86.3) & (x < 700), 0, super().log_sigmoid_gradient(dy, x))


@fault(
    clause="ACT.grad.every",
    category="gradient",
    says="glu: the gate's gradient of one input of 65536 has the wrong sign",
)
class GluOneGate(NumPy):
    def glu_gradient(self, dy: Array, x: Array, axis: int = -1) -> Array:
        gate = np.split(x, 2, axis)[1]
        one, other = np.split(super().glu_gradient(dy, x, axis), 2, axis)
        return np.concatenate([one, np.where(gate == -3.25, -other, other)], axis)
