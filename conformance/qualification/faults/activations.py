"""Wrong activations: their values. The gradients are in :mod:`.activation_gradients`."""

from __future__ import annotations

import math

import numpy as np

from adapters._numpy_activations import SELU_SCALE, erfc
from adapters.base import Array
from adapters.numpy import NumPy

from ..registry import fault


@fault(clause="ACT.value", category="formula", says="selu: alpha 1.673 for 1.67326...")
class SeluConstant(NumPy):
    def selu(self, x: Array) -> Array:
        return np.where(x > 0, SELU_SCALE * x, (SELU_SCALE * 1.673) * np.expm1(np.minimum(x, 0)))


@fault(clause="ACT.value", category="formula", says="gelu: the tanh form for the exact one")
class GeluByTanh(NumPy):
    def gelu(self, x: Array) -> Array:
        return self.gelu_tanh(x)


@fault(clause="ACT.value", category="reduction", says="gelu: 1 + erf cancels in the left tail")
class GeluCancels(NumPy):
    def gelu(self, x: Array) -> Array:
        return np.asarray(0.5 * x * (1 + (1 - erfc(x * math.sqrt(0.5)))))


@fault(
    clause="ACT.value",
    category="reduction",
    says="gelu_tanh: 1 + tanh cancels in the left tail",
    tracker="https://github.com/tenstorrent/tt-metal/issues/56517",
)
class GeluTanhCancels(NumPy):
    def gelu_tanh(self, x: Array) -> Array:
        return np.asarray(0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))


@fault(clause="ACT.value", category="formula", says="silu: x sigmoid(1.702 x)")
class SiluSteepened(NumPy):
    def silu(self, x: Array) -> Array:
        return x * self.sigmoid(1.702 * x)


@fault(
    clause="ACT.value",
    category="special value",
    says="softplus: log(1 + exp(x)) overflows, and is 0 in the left tail",
    tracker="https://github.com/tracel-ai/burn/issues/5373",
)
class SoftplusOverflows(NumPy):
    def softplus(self, x: Array, beta: float = 1.0) -> Array:
        return np.asarray(np.log(1 + np.exp(beta * x)) / beta)


@fault(clause="ACT.value", category="formula", says="softplus: linear above 20 is right, zero below -20 is not")
class SoftplusThreshold(NumPy):
    def softplus(self, x: Array, beta: float = 1.0) -> Array:
        return np.where(beta * x < -20, 0, super().softplus(x, beta))


@fault(
    clause="ACT.value",
    category="special value",
    says="log_sigmoid: the logarithm of a sigmoid that has underflowed",
    tracker="https://github.com/pytorch/pytorch/issues/1835",
)
class LogOfSigmoid(NumPy):
    def log_sigmoid(self, x: Array) -> Array:
        return np.log(self.sigmoid(x))


@fault(
    clause="ACT.value",
    category="special value",
    says="sigmoid: exp(x)/(1 + exp(x)) is inf/inf",
    tracker="https://github.com/clab/dynet/issues/1525",
)
class SigmoidOverflows(NumPy):
    def sigmoid(self, x: Array) -> Array:
        return np.asarray(np.exp(x) / (1 + np.exp(x)))


@fault(
    clause="ACT.value",
    category="reduction",
    says="tanh: by exponentials, which cancel near 0 and overflow",
    tracker="https://github.com/BVLC/caffe/pull/1455",
)
class TanhByExponentials(NumPy):
    def tanh(self, x: Array) -> Array:
        return np.asarray((np.exp(2 * x) - 1) / (np.exp(2 * x) + 1))


@fault(clause="ACT.value", category="reduction", says="elu: exp(x) - 1 cancels near 0")
class EluCancels(NumPy):
    def elu(self, x: Array, alpha: float = 1.0) -> Array:
        return np.where(x > 0, x, alpha * (np.exp(np.minimum(x, 0)) - 1))


@fault(clause="ACT.value", category="formula", says="celu: alpha left out of the exponent")
class CeluAsElu(NumPy):
    def celu(self, x: Array, alpha: float = 1.0) -> Array:
        return self.elu(x, alpha)


@fault(
    clause="ACT.value",
    category="reduction",
    says="mish: log(1 + exp(x)) is 0 in the left tail",
    tracker="https://github.com/AlexeyAB/darknet/issues/5452",
)
class MishCancels(NumPy):
    def mish(self, x: Array) -> Array:
        return np.asarray(x * np.tanh(np.log(1 + np.exp(x))))


@fault(clause="ACT.value", category="formula", says="relu6: cut off at 5")
class Relu6AtFive(NumPy):
    def relu6(self, x: Array) -> Array:
        return np.clip(x, 0, 5)


@fault(clause="ACT.value", category="formula", says="relu: tiny values dropped with the negative ones")
class ReluCutsAboveZero(NumPy):
    def relu(self, x: Array) -> Array:
        return np.where(x > 1e-6, x, 0)


@fault(clause="ACT.value", category="formula", says="leaky_relu: sign of the slope")
class LeakySign(NumPy):
    def leaky_relu(self, x: Array, negative_slope: float = 0.01) -> Array:
        return super().leaky_relu(x, -negative_slope)


@fault(clause="ACT.value", category="formula", says="leaky_relu: the parameter ignored")
class LeakySlopeIgnored(NumPy):
    def leaky_relu(self, x: Array, negative_slope: float = 0.01) -> Array:
        return super().leaky_relu(x)


@fault(clause="ACT.value", category="axis", says="prelu: the first channel's slope for every channel")
class PreluFirstSlope(NumPy):
    def prelu(self, x: Array, alpha: Array) -> Array:
        return super().prelu(x, alpha.ravel()[0])


@fault(clause="ACT.value", category="formula", says="softsign: no absolute value")
class SoftsignSigned(NumPy):
    def softsign(self, x: Array) -> Array:
        return np.asarray(x / (1 + x))


@fault(clause="ACT.value", category="formula", says="hard_sigmoid: slope 0.2 for 1/6")
class HardSigmoidSlope(NumPy):
    def hard_sigmoid(self, x: Array) -> Array:
        return np.clip(0.2 * x + 0.5, 0, 1)


@fault(clause="ACT.value", category="formula", says="hard_swish: knees at 2.5")
class HardSwishKnees(NumPy):
    def hard_swish(self, x: Array) -> Array:
        return x * np.clip(0.2 * x + 0.5, 0, 1)


@fault(clause="ACT.value", category="formula", says="hard_tanh: cut off at 2")
class HardTanhAtTwo(NumPy):
    def hard_tanh(self, x: Array) -> Array:
        return np.clip(x, -2, 2)


@fault(clause="ACT.value", category="special value", says="softmax: no shift, overflows")
class SoftmaxUnshifted(NumPy):
    def softmax(self, x: Array, axis: int = -1) -> Array:
        e = np.exp(x)
        return np.asarray(e / np.sum(e, axis, keepdims=True))


@fault(clause="ACT.value", category="axis", says="softmax: over the first axis")
class SoftmaxFirstAxis(NumPy):
    def softmax(self, x: Array, axis: int = -1) -> Array:
        return super().softmax(x, 0)


@fault(
    clause="ACT.value", category="special value", says="log_softmax: the logarithm of a softmax that has underflowed"
)
class LogOfSoftmax(NumPy):
    def log_softmax(self, x: Array, axis: int = -1) -> Array:
        return np.log(self.softmax(x, axis))


@fault(clause="ACT.value", category="axis", says="glu: halves swapped")
class GluSwapped(NumPy):
    def glu(self, x: Array, axis: int = -1) -> Array:
        gate, value = np.split(x, 2, axis)
        return value * self.sigmoid(gate)


@fault(clause="ACT.value", category="axis", says="glu: even and odd elements for halves")
class GluInterleaved(NumPy):
    def glu(self, x: Array, axis: int = -1) -> Array:
        return x[..., ::2] * self.sigmoid(x[..., 1::2])
