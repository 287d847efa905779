"""Wrong second derivatives and tangents of layers whose values and gradients are right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from adapters._numpy_normalization import Axes
from adapters.base import Activation, Array, Dense
from adapters.numpy import NumPy

from ..registry import fault


@fault(
    clause="ACT.second",
    category="gradient",
    says="silu: the derivative of the gate alone, the product rule's other half missing",
)
class SiluSecondHalf(NumPy):
    def silu_curvature(self, x: Array) -> Array:
        return np.asarray(self.sigmoid(x) * self.sigmoid(-x))


@fault(clause="ACT.second", category="gradient", says="gelu: the density is taken as constant")
class GeluSecondConstantDensity(NumPy):
    def gelu_curvature(self, x: Array) -> Array:
        return np.asarray(super().gelu_curvature(x) * 2 / (2 - np.square(np.clip(x, -1, 1))))


@fault(clause="ACT.second", category="gradient", says="tanh: the sign of the left side is lost")
class TanhSecondEven(NumPy):
    def tanh_curvature(self, x: Array) -> Array:
        return -np.abs(super().tanh_curvature(x))


@fault(clause="ACT.second", category="reduction", says="sigmoid: s (1 - s) (1 - 2s), which cancels in the right tail")
class SigmoidSecondCancels(NumPy):
    def sigmoid_curvature(self, x: Array) -> Array:
        s = self.sigmoid(x)
        return np.asarray(s * (1 - s) * (1 - 2 * s))


@fault(
    clause="ACT.second", category="gradient", says="softplus: cut off from the graph beyond 20, before the tail ends"
)
class SoftplusSecondThreshold(NumPy):
    def softplus_curvature(self, x: Array, beta: float = 1.0) -> Array:
        return np.where(beta * x > 20, 0, super().softplus_curvature(x, beta))


@fault(clause="ACT.second", category="gradient", says="celu: 1/alpha left out")
class CeluSecondWithoutAlpha(NumPy):
    def celu_curvature(self, x: Array, alpha: float = 1.0) -> Array:
        return super().celu_curvature(x, alpha) * alpha


@fault(clause="ACT.second", category="gradient", says="hard_swish: the middle piece straight")
class HardSwishSecondStraight(NumPy):
    def hard_swish_curvature(self, x: Array) -> Array:
        return np.zeros_like(x)


@fault(clause="ACT.second", category="gradient", says="softmax: the covariance of dy and ddx is not subtracted")
class SoftmaxSecondDiagonal(NumPy):
    def softmax_second(self, ddx: Array, dy: Array, x: Array, axis: int = -1) -> Array:
        y = self.softmax(x, axis)
        one, other = (each - np.sum(y * each, axis, keepdims=True) for each in (ddx, dy))
        return np.asarray(y * one * other)


@fault(clause="ACT.second", category="gradient", says="leaky_relu: the gradient with respect to dy is that of relu")
class LeakySecondOfCotangent(NumPy):
    def activation_derivatives(self, case: Activation) -> dict[str, Array]:
        arrays = super().activation_derivatives(case)
        if case.name == "leaky_relu" and case.ddx is not None:
            arrays["dxy"] = self.relu_gradient(case.ddx, case.x)
        return arrays


@fault(clause="ACT.second", category="gradient", says="glu: the gate's own second derivative missing")
class GluSecondWithoutGate(NumPy):
    def glu_second(self, ddx: Array, dy: Array, x: Array, axis: int = -1) -> Array:
        gate = np.split(x, 2, axis)[1]
        value, of_gate = np.split(ddx, 2, axis)
        slope = self.sigmoid(gate) * self.sigmoid(-gate)
        return np.concatenate([dy * (of_gate * slope), dy * (value * slope)], axis)


@fault(clause="ACT.forward", category="gradient", says="log_softmax: the tangent is the vector-Jacobian product")
class LogSoftmaxTangentTransposed(NumPy):
    def log_softmax_tangent(self, tx: Array, x: Array, axis: int = -1) -> Array:
        return self.log_softmax_gradient(tx, x, axis)


@fault(clause="ACT.forward", category="gradient", says="glu: the gate's direction forgotten")
class GluTangentWithoutGate(NumPy):
    def glu_tangent(self, tx: Array, x: Array, axis: int = -1) -> Array:
        gate = np.split(x, 2, axis)[1]
        return np.split(tx, 2, axis)[0] * self.sigmoid(gate)


@fault(clause="ACT.forward", category="gradient", says="prelu: the slope's direction forgotten")
class PreluTangentWithoutSlope(NumPy):
    def activation_derivatives(self, case: Activation) -> dict[str, Array]:
        arrays = super().activation_derivatives(case)
        if case.name == "prelu" and case.tangents:
            assert case.alpha is not None
            arrays["ty"] = self.tangent("prelu", case.tangents["x"], case.x, alpha=case.alpha)
        return arrays


@fault(clause="ACT.forward", category="gradient", says="relu6: the tangent passes beyond 6")
class Relu6TangentOpen(NumPy):
    def relu6_tangent(self, tx: Array, x: Array) -> Array:
        return self.relu_gradient(tx, x)


@fault(clause="ACT.forward", category="gradient", says="mish: the tangent of silu")
class MishTangentOfSilu(NumPy):
    def mish_tangent(self, tx: Array, x: Array) -> Array:
        return self.silu_gradient(tx, x)


class _Statistics(NumPy):
    """Batch norm alone, or layer norm alone, takes the statistics' share of the tangent otherwise."""

    def wrong_tangent(self, tx: Array, x: Array, mean: Array, var: Array, eps: float, axes: Axes) -> Array:
        """The mean term forgotten."""
        x_hat = self.normalize(x, mean, var, eps)
        return np.asarray((tx - x_hat * self.average(tx * x_hat, axes)) * self.inverse_root(var, eps))


@fault(clause="BN.forward", category="gradient", says="the mean's share of the tangent forgotten")
class BatchTangentWithoutMean(_Statistics):
    def batch_norm_tangent(self, case: Any, mean: Array, var: Array) -> dict[str, Array]:
        self.normalized_tangent = self.wrong_tangent  # type: ignore[method-assign]
        try:
            return super().batch_norm_tangent(case, mean, var)
        finally:
            del self.normalized_tangent


@fault(clause="BN.forward", category="gradient", says="the statistics taken as constants in training")
class BatchTangentWithoutStatistics(NumPy):
    def normalized_tangent(self, tx: Array, x: Array, mean: Array, var: Array, eps: float, axes: Axes) -> Array:
        return tx * self.inverse_root(var, eps)


@fault(clause="BN.forward", category="gradient", says="the direction of beta forgotten")
class BatchTangentWithoutBeta(NumPy):
    def affine_tangent(
        self, t_hat: Array, x_hat: Array, scale: Array | None, tscale: Array | None, tshift: Array | None
    ) -> Array:
        return super().affine_tangent(t_hat, x_hat, scale, tscale, None)


@fault(clause="LN.forward", category="gradient", says="the mean's share of the tangent forgotten")
class LayerTangentWithoutMean(_Statistics):
    def normalized_tangent(self, tx: Array, x: Array, mean: Array, var: Array, eps: float, axes: Axes) -> Array:
        return self.wrong_tangent(tx, x, mean, var, eps, axes)


@fault(clause="LN.forward", category="gradient", says="the variance's share of the tangent forgotten")
class LayerTangentWithoutVariance(NumPy):
    def normalized_tangent(self, tx: Array, x: Array, mean: Array, var: Array, eps: float, axes: Axes) -> Array:
        return np.asarray((tx - self.average(tx, axes)) * self.inverse_root(var, eps))


@fault(
    clause="LN.forward", category="gradient", says="the direction of the gain multiplies x instead of the normalized x"
)
class LayerTangentOfGain(NumPy):
    def affine_tangent(
        self, t_hat: Array, x_hat: Array, scale: Array | None, tscale: Array | None, tshift: Array | None
    ) -> Array:
        return super().affine_tangent(t_hat, 2 * x_hat, scale, tscale, tshift)


@fault(clause="NE.forward", category="gradient", says="the direction of the weight forgotten")
class NeuronTangentWithoutWeight(NumPy):
    def affine_input_tangent(self, case: Dense, rows: Array) -> Array:
        tz = self.weigh(case.tangents["x"].reshape(rows.shape), case.weight)
        return self.add_bias(tz, case.tangents.get("bias"))


@fault(clause="NE.forward", category="gradient", says="the bias added to the tangent")
class NeuronTangentWithBias(NumPy):
    def affine_input_tangent(self, case: Dense, rows: Array) -> Array:
        return self.add_bias(super().affine_input_tangent(case, rows), case.bias)


@fault(clause="NE.forward", category="gradient", says="the derivative of the activation left out")
class NeuronTangentLinear(NumPy):
    def tangent(self, name: str, tx: Array, x: Array, **parameters: Any) -> Array:
        return tx


@fault(clause="BN.second", category="gradient", says="the inverse deviation taken for a constant the second time")
class BatchSecondWithoutRoot(NumPy):
    def normalized_second(
        self, ddx: Array, dx_hat: Array, x: Array, mean: Array, var: Array, eps: float, axes: Axes
    ) -> Array:
        x_hat, inverse = self.normalize(x, mean, var, eps), self.inverse_root(var, eps)
        centred, direction = dx_hat - self.average(dx_hat, axes), ddx - self.average(ddx, axes)
        mine, its = self.average(centred * x_hat, axes), self.average(direction * x_hat, axes)
        return np.asarray(-(its * centred + mine * direction - 2 * mine * its * x_hat) * inverse * inverse)


@fault(clause="BN.second", category="gradient", says="gamma left out of the second derivative")
class BatchSecondWithoutGamma(NumPy):
    def batch_norm_second(self, case: Any, mean: Array, var: Array) -> dict[str, Array]:
        return super().batch_norm_second(replace(case, gamma=None), mean, var)


@fault(clause="BN.second", category="gradient", says="inference has the second derivative of training")
class BatchSecondOfTraining(NumPy):
    def batch_norm_second(self, case: Any, mean: Array, var: Array) -> dict[str, Array]:
        return super().batch_norm_second(replace(case, training=True), mean, var)


@fault(clause="LN.second", category="gradient", says="the mean of ddx not taken off")
class LayerSecondUncentred(NumPy):
    def normalized_second(
        self, ddx: Array, dx_hat: Array, x: Array, mean: Array, var: Array, eps: float, axes: Axes
    ) -> Array:
        found = super().normalized_second(ddx, dx_hat, x, mean, var, eps, axes)
        x_hat, inverse = self.normalize(x, mean, var, eps), self.inverse_root(var, eps)
        mine = self.average((dx_hat - self.average(dx_hat, axes)) * x_hat, axes)
        return np.asarray(found - mine * self.average(ddx, axes) * inverse * inverse)


@fault(clause="LN.second", category="gradient", says="one of three equal terms forgotten")
class LayerSecondTwoTerms(NumPy):
    def normalized_second(
        self, ddx: Array, dx_hat: Array, x: Array, mean: Array, var: Array, eps: float, axes: Axes
    ) -> Array:
        found = super().normalized_second(ddx, dx_hat, x, mean, var, eps, axes)
        x_hat, inverse = self.normalize(x, mean, var, eps), self.inverse_root(var, eps)
        mine, its = (self.average((each - self.average(each, axes)) * x_hat, axes) for each in (dx_hat, ddx))
        return np.asarray(found - x_hat * mine * its * inverse * inverse)


@fault(clause="NE.second", category="gradient", says="the bias added to what is linear in ddx")
class NeuronSecondWithBias(NumPy):
    def dense_second(self, case: Dense, dy: Array, ddx: Array, z: Array) -> dict[str, Array]:
        found = super().dense_second(case, dy, ddx, z)
        if case.bias is not None:
            found["dxy"] = found["dxy"] + case.bias
        return found


@fault(clause="NE.second", category="gradient", says="the gradient of a gradient is 0")
class NeuronSecondZero(NumPy):
    def second(self, name: str, ddx: Array, dy: Array, x: Array, **parameters: Any) -> Array:
        return np.zeros_like(x)
