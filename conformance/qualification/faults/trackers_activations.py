"""Faults of activations that frameworks had, each as its tracker tells it."""

from __future__ import annotations

import math

import numpy as np

from adapters._numpy_activations import SELU_ALPHA, SELU_SCALE
from adapters.base import Activation, Array
from adapters.numpy import NumPy

from ..registry import fault


@fault(
    clause="ACT.special",
    category="special value",
    says="relu6: minimum and maximum that prefer the number to NaN",
    tracker="https://github.com/mindspore-ai/mindspore/issues/381",
)
class Relu6PrefersNumber(NumPy):
    def relu6(self, x: Array) -> Array:
        return np.asarray(np.fmin(np.fmax(x, 0), x.dtype.type(6)))


@fault(
    clause="ACT.special",
    category="special value",
    says="hard_sigmoid: NaN is clipped to 1",
    tracker="https://github.com/apache/tvm/pull/18631",
)
class HardSigmoidOfNaN(NumPy):
    def hard_sigmoid(self, x: Array) -> Array:
        return np.where(np.isnan(x), 1, super().hard_sigmoid(x)).astype(x.dtype)


@fault(
    clause="ACT.special",
    category="dtype",
    says="sigmoid: NaN becomes a number in float32, and stays in float64",
    tracker="https://github.com/pytorch/pytorch/issues/13448",
    only={"dtype": "float32"},
)
class SigmoidOfSingleNaN(NumPy):
    def sigmoid(self, x: Array) -> Array:
        found = super().sigmoid(x)
        return np.where(np.isnan(x), 1, found).astype(x.dtype) if x.dtype == np.float32 else found


@fault(
    clause="ACT.special",
    category="special value",
    says="relu6: the gradient at NaN is 6",
    tracker="https://github.com/tenstorrent/tt-metal/issues/57455",
    only={"activation": "relu6"},
    survives="ACT.special takes any constant for a gradient at NaN; one that asks for NaN or a slope of a side would",
)
class Relu6GradientSix(NumPy):
    def relu6_gradient(self, dy: Array, x: Array) -> Array:
        return np.where(np.isnan(x), 6, super().relu6_gradient(dy, x)).astype(x.dtype)


@fault(
    clause="ACT.special",
    category="special value",
    says="log_softmax: in a row with NaN, -inf stays -inf",
    tracker="https://github.com/mindspore-ai/mindspore/issues/378",
)
class LogSoftmaxKeepsMinusInfinity(NumPy):
    def log_softmax(self, x: Array, axis: int = -1) -> Array:
        found = super().log_softmax(x, axis)
        spoilt = np.isnan(x).any(axis, keepdims=True)
        return np.where(spoilt & np.isneginf(x), -np.inf, found).astype(x.dtype)


@fault(
    clause="ACT.grad",
    category="special value",
    says="softmax: the gradient takes the exponentials anew, without the shift",
    tracker="https://github.com/FluxML/NNlib.jl/issues/68",
    only={"activation": "softmax"},
)
class SoftmaxGradientUnshifted(NumPy):
    def softmax_gradient(self, dy: Array, x: Array, axis: int = -1) -> Array:
        e = np.exp(x)
        y = e / np.sum(e, axis, keepdims=True)
        return np.asarray(y * (dy - np.sum(dy * y, axis, keepdims=True)))


@fault(
    clause="ACT.grad",
    category="gradient",
    says="elu: the side is told by the sign of the output, which a negative alpha turns",
    tracker="https://github.com/pytorch/pytorch/issues/47671",
    only={"activation": "elu"},
    survives="an alpha below 0 is not asked, and refused by some; a clause that allows for both would",
)
class EluSideOfTheOutput(NumPy):
    def elu_gradient(self, dy: Array, x: Array, alpha: float = 1.0) -> Array:
        return np.where(self.elu(x, alpha) > 0, dy, super().elu_gradient(dy, x, alpha))


@fault(
    clause="ACT.grad",
    category="gradient",
    says="leaky_relu: the side is told by the sign of the output, which a slope below 0 turns",
    tracker="https://github.com/pytorch/pytorch/issues/31938",
    only={"activation": "leaky_relu"},
    survives="a slope below 0 is not asked, and refused by some; a clause that allows for both would",
)
class LeakySideOfTheOutput(NumPy):
    def leaky_relu_gradient(self, dy: Array, x: Array, negative_slope: float = 0.01) -> Array:
        return np.where(self.leaky_relu(x, negative_slope) > 0, dy, negative_slope * dy)


@fault(
    clause="ACT.grad",
    category="gradient",
    says="leaky_relu: with a slope of 0 the whole gradient passes",
    tracker="https://github.com/chainer/chainer/pull/5898",
    only={"activation": "leaky_relu"},
    survives="slopes from 0.01 to 0.3 are asked; 0 among them would",
)
class LeakySlopeZeroOpen(NumPy):
    def leaky_relu_gradient(self, dy: Array, x: Array, negative_slope: float = 0.01) -> Array:
        return super().leaky_relu_gradient(dy, x, negative_slope) if negative_slope else dy.copy()


@fault(
    clause="ACT.grad",
    category="special value",
    says="elu: both sides are computed and one is multiplied by 0: NaN where the exponential overflows",
    tracker="https://github.com/huggingface/candle/pull/2328",
)
class EluZeroTimesInfinity(NumPy):
    def elu_gradient(self, dy: Array, x: Array, alpha: float = 1.0) -> Array:
        return np.asarray(dy * ((x > 0).astype(x.dtype) + (x <= 0) * (alpha * np.exp(x))))


@fault(
    clause="ACT.grad",
    category="reduction",
    says="selu: the gradient from the output, y + lambda alpha, which cancels in the left tail",
    tracker="https://github.com/tensorflow/tensorflow/issues/124834",
    only={"activation": "selu"},
)
class SeluGradientFromOutput(NumPy):
    def selu_gradient(self, dy: Array, x: Array) -> Array:
        return np.asarray(dy * np.where(x > 0, SELU_SCALE, self.selu(x) + SELU_SCALE * SELU_ALPHA))


@fault(
    clause="ACT.grad",
    category="special value",
    says="silu: an exponential that is subnormal is flushed to 0 before it meets its large factor",
    tracker="https://github.com/jax-ml/jax/pull/40828",
    only={"dtype": "float64", "activation": "silu"},
    survives="the bound lets an intermediate result below the smallest normal number be 0, and its factor is 708",
)
class SiluGradientFlushed(NumPy):
    def silu_gradient(self, dy: Array, x: Array) -> Array:
        e = np.exp(np.minimum(x, 0))
        e = np.where(e < np.finfo(x.dtype).tiny, 0, e)
        return np.where(x < 0, dy * (e * (1 + e + x) / np.square(1 + e)), super().silu_gradient(dy, x))


@fault(
    clause="ACT.grad",
    category="formula",
    says="hard_swish: slope 0.3333 for 1/3",
    tracker="https://github.com/tenstorrent/tt-metal/pull/55299",
)
class HardSwishThirdRounded(NumPy):
    def hard_swish_gradient(self, dy: Array, x: Array) -> Array:
        return np.where((x > -3) & (x < 3), dy * (x * 0.3333 + 0.5), super().hard_swish_gradient(dy, x))


@fault(
    clause="ACT.value",
    category="reduction",
    says="hard_sigmoid: relu(x/6 + 1/2) - relu(x/6 - 1/2), which cancels far out",
    tracker="https://github.com/tinygrad/tinygrad/pull/18063",
)
class HardSigmoidBySubtraction(NumPy):
    def hard_sigmoid(self, x: Array) -> Array:
        line = x / 6 + x.dtype.type(0.5)
        return np.asarray(self.relu(line) - self.relu(line - 1))


@fault(
    clause="ACT.grad",
    category="formula",
    says="mish: one power of the exponential is missing in the textbook fraction",
    tracker="https://github.com/explosion/thinc/pull/578",
    only={"activation": "mish"},
)
class MishPowerMissing(NumPy):
    def mish_gradient(self, dy: Array, x: Array) -> Array:
        e = np.exp(np.minimum(x, 20))
        omega = 4 * (x + 1) + 4 * e**2 + e * (4 * x + 6)
        wrong = dy * (e * omega / np.square(2 * e + e**2 + 2))
        return np.where(x > 10, super().mish_gradient(dy, x), wrong)


@fault(
    clause="ACT.grad",
    category="axis",
    says="prelu: in the gradient the slopes lie along the last axis, where that is as long as the channels'",
    tracker="https://github.com/flagos-ai/FlagGems/issues/4992",
    only={"activation": "prelu"},
    survives="no shape of activations has rank 3 and as many channels as it has last; one among the corners would",
)
class PreluSlopesAlongTheLast(NumPy):
    def learnable_slope(self, case: Activation) -> dict[str, Array]:
        arrays = super().learnable_slope(case)
        x, alpha = case.x, case.alpha
        if case.dy is not None and alpha is not None and x.ndim > 2 and alpha.size == x.shape[1] == x.shape[-1] > 1:
            arrays["dx"] = self.prelu_gradient(case.dy, x, alpha)[0]
        return arrays


@fault(
    clause="ACT.value",
    category="layout",
    says="gelu_tanh: a quotient of exponentials in the vector's body, NaN far out, and tanh in its tail",
    tracker="https://github.com/ooples/AiDotNet.Tensors/pull/594",
)
class GeluTanhBodyOverflows(NumPy):
    def gelu_tanh(self, x: Array) -> Array:
        e = np.exp(self._gelu_tanh_argument(x))
        body = np.arange(x.shape[-1]) < x.shape[-1] // 4 * 4
        return np.where(body & ~np.isfinite(e), np.nan, super().gelu_tanh(x)).astype(x.dtype)


@fault(
    clause="ACT.value",
    category="special value",
    says="log_sigmoid: far right -exp(x) for -exp(-x)",
    tracker="https://github.com/tenstorrent/tt-metal/issues/55457",
)
class LogSigmoidRightTail(NumPy):
    def log_sigmoid(self, x: Array) -> Array:
        return np.where(x > 172, -np.exp(np.maximum(x, 0) - 172), super().log_sigmoid(x))


@fault(
    clause="ACT.forward",
    category="gradient",
    says="elu: left of 0 the tangent is multiplied by the output for the output and 1",
    tracker="https://github.com/renmengye/tensorflow-forward-ad/issues/2",
)
class EluTangentByTheOutput(NumPy):
    def elu_tangent(self, tx: Array, x: Array, alpha: float = 1.0) -> Array:
        return np.where(x > 0, tx, tx * self.elu(x, alpha))


@fault(
    clause="ACT.value",
    category="special value",
    says="gelu_tanh: tanh by a quotient of exponentials, whose argument grows with the cube",
    tracker="https://github.com/pytorch/executorch/issues/22323",
    only={"activation": "gelu_tanh"},
)
class GeluTanhQuotient(NumPy):
    def gelu_tanh(self, x: Array) -> Array:
        u = math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x))
        quotient = (np.exp(u) - np.exp(-u)) / (np.exp(u) + np.exp(-u))
        return np.where(np.abs(u) > 5, x * (0.5 * (1 + quotient)), super().gelu_tanh(x))
