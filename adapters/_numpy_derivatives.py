"""Derivatives of higher kinds in the NumPy control: tangents (forward mode) and second derivatives.

A tangent is named ``t`` and what it belongs to: ``tx`` is the direction of x. For an elementwise activation it is the
gradient with ``tx`` for dy, and the second derivative is ``name_curvature(x)``, which multiplies dy and ddx; softmax,
log_softmax and glu have methods of their own.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adapters._numpy_activations import SELU_ALPHA, SELU_SCALE, Activations
from adapters._numpy_normalization import Axes, Normalization
from adapters.base import Activation, Array, BatchNorm, LayerNorm


class NormalizationTangents(Normalization):
    """Forward mode through the statistics, or past them where they are constants."""

    def normalized_tangent(self, tx: Array, x: Array, mean: Array, var: Array, eps: float, axes: Axes) -> Array:
        """The tangent of the normalized x."""
        centred = tx - self.average(tx, axes)
        x_hat = self.normalize(x, mean, var, eps)
        along = self.average(centred * x_hat, axes)
        return np.asarray((centred - x_hat * along) * self.inverse_root(var, eps))

    def affine_tangent(
        self, t_hat: Array, x_hat: Array, scale: Array | None, tscale: Array | None, tshift: Array | None
    ) -> Array:
        ty = self.affine(t_hat, scale, None)
        ty = ty if tscale is None else ty + tscale * x_hat
        return ty if tshift is None else ty + tshift

    def normalized_second(
        self, ddx: Array, dx_hat: Array, x: Array, mean: Array, var: Array, eps: float, axes: Axes
    ) -> Array:
        """The gradient of <dx, ddx> with respect to x; ``dx_hat``: the cotangent of the normalized x."""
        x_hat, inverse = self.normalize(x, mean, var, eps), self.inverse_root(var, eps)
        centred, direction = dx_hat - self.average(dx_hat, axes), ddx - self.average(ddx, axes)
        mine, its = self.average(centred * x_hat, axes), self.average(direction * x_hat, axes)
        through_root = x_hat * (self.average(centred * direction, axes) - 3 * mine * its)
        return np.asarray(-(through_root + its * centred + mine * direction) * inverse * inverse)

    def batch_norm_derivatives(self, case: BatchNorm, mean: Array, var: Array) -> dict[str, Array]:
        arrays = self.batch_norm_tangent(case, mean, var)
        if case.ddx is not None:
            arrays |= self.batch_norm_second(case, mean, var)
        return arrays

    def batch_norm_second(self, case: BatchNorm, mean: Array, var: Array) -> dict[str, Array]:
        assert case.ddx is not None
        assert case.dy is not None
        gamma, axes = (
            self.channelwise(case.gamma, case.x, case.channel_axis),
            self.batch_axes(case.x, case.channel_axis),
        )
        if not case.training:
            along = self.affine(case.ddx * self.inverse_root(var, case.eps), gamma, None)
            return {"dxx": np.zeros_like(case.x), "dxy": along}
        along = self.normalized_tangent(case.ddx, case.x, mean, var, case.eps, axes)
        dx_hat = self.affine(case.dy, gamma, None)
        dxx = self.normalized_second(case.ddx, dx_hat, case.x, mean, var, case.eps, axes)
        return {"dxx": dxx, "dxy": self.affine(along, gamma, None)}

    def batch_norm_tangent(self, case: BatchNorm, mean: Array, var: Array) -> dict[str, Array]:
        if not case.tangents:
            return {}
        gamma, tgamma, tbeta = (
            self.channelwise(value, case.x, case.channel_axis)
            for value in (case.gamma, case.tangents.get("gamma"), case.tangents.get("beta"))
        )
        tx = case.tangents["x"]
        if case.training:
            axes = self.batch_axes(case.x, case.channel_axis)
            t_hat = self.normalized_tangent(tx, case.x, mean, var, case.eps, axes)
        else:
            t_hat = tx * self.inverse_root(var, case.eps)
        x_hat = self.normalize(case.x, mean, var, case.eps)
        return {"ty": self.affine_tangent(t_hat, x_hat, gamma, tgamma, tbeta)}

    def layer_norm_derivatives(self, case: LayerNorm, mean: Array, var: Array) -> dict[str, Array]:
        arrays = self.layer_norm_tangent(case, mean, var)
        if case.ddx is not None:
            arrays |= self.layer_norm_second(case, mean, var)
        return arrays

    def layer_norm_second(self, case: LayerNorm, mean: Array, var: Array) -> dict[str, Array]:
        assert case.ddx is not None
        assert case.dy is not None
        axes = self.layer_axes(case.x, case.normalized_rank)
        along = self.normalized_tangent(case.ddx, case.x, mean, var, case.eps, axes)
        dx_hat = self.affine(case.dy, case.gain, None)
        dxx = self.normalized_second(case.ddx, dx_hat, case.x, mean, var, case.eps, axes)
        return {"dxx": dxx, "dxy": self.affine(along, case.gain, None)}

    def layer_norm_tangent(self, case: LayerNorm, mean: Array, var: Array) -> dict[str, Array]:
        if not case.tangents:
            return {}
        axes = self.layer_axes(case.x, case.normalized_rank)
        t_hat = self.normalized_tangent(case.tangents["x"], case.x, mean, var, case.eps, axes)
        x_hat = self.normalize(case.x, mean, var, case.eps)
        directions = case.tangents.get("gain"), case.tangents.get("bias")
        return {"ty": self.affine_tangent(t_hat, x_hat, case.gain, *directions)}


class ActivationDerivatives(Activations):
    """``name_curvature`` is the second derivative at x; at a point where it jumps, that of the left side."""

    def activation_derivatives(self, case: Activation) -> dict[str, Array]:
        arrays = {}
        parameters: dict[str, Any] = dict(case.parameters) | ({} if case.alpha is None else {"alpha": case.alpha})
        if case.tangents:
            arrays["ty"] = self.tangent(case.name, case.tangents["x"], case.x, **parameters)
            if "alpha" in case.tangents:
                arrays["ty"] = arrays["ty"] + np.where(
                    case.x > 0, 0, self.a_channel(case.tangents["alpha"], case.x) * case.x
                )
        if case.ddx is not None:
            assert case.dy is not None
            arrays["dxx"] = self.second(case.name, case.ddx, case.dy, case.x, **parameters)
            arrays["dxy"] = self.tangent(case.name, case.ddx, case.x, **parameters)
        return arrays

    def a_channel(self, alpha: Array, x: Array) -> Array:
        """The slope of prelu, laid along axis 1 where there are several."""
        return alpha if alpha.size == 1 else np.expand_dims(alpha, [axis for axis in range(x.ndim) if axis != 1])

    def tangent(self, name: str, tx: Array, x: Array, **parameters: Any) -> Array:
        method = getattr(self, f"{name}_tangent", None) or getattr(self, f"{name}_gradient")
        return np.asarray(method(tx, x, **parameters))

    def second(self, name: str, ddx: Array, dy: Array, x: Array, **parameters: Any) -> Array:
        method = getattr(self, f"{name}_second", None)
        if method is not None:
            return np.asarray(method(ddx, dy, x, **parameters))
        curvature = getattr(self, f"{name}_curvature", self.no_curvature)
        return np.asarray(dy * ddx * curvature(x, **parameters))

    def no_curvature(self, x: Array, **parameters: Any) -> Array:
        """Of what is straight between its kinks: relu, leaky_relu, prelu, relu6, hard_sigmoid, hard_tanh."""
        return np.zeros_like(x)

    def prelu_tangent(self, tx: Array, x: Array, alpha: Array) -> Array:
        return self.prelu_gradient(tx, x, self.a_channel(alpha, x))[0]

    def elu_curvature(self, x: Array, alpha: float = 1.0) -> Array:
        return np.where(x > 0, 0, alpha * np.exp(np.minimum(x, 0)))

    def celu_curvature(self, x: Array, alpha: float = 1.0) -> Array:
        return np.where(x > 0, 0, np.exp(np.minimum(x, 0) / alpha) / alpha)

    def selu_curvature(self, x: Array) -> Array:
        return np.where(x > 0, 0, (SELU_SCALE * SELU_ALPHA) * np.exp(np.minimum(x, 0)))

    def hard_swish_curvature(self, x: Array) -> Array:
        return np.where((x > -3) & (x < 3), x.dtype.type(1 / 3), 0)

    def half_tanh(self, x: Array) -> Array:
        """tanh(x / 2), which is s(x) - s(-x) without the cancellation."""
        e = -np.expm1(-np.abs(x))
        return np.asarray(np.where(x < 0, -e, e) / (2 - e))

    def sigmoid_curvature(self, x: Array) -> Array:
        return np.asarray(-self.half_tanh(x) * (self.sigmoid(x) * self.sigmoid(-x)))

    def log_sigmoid_curvature(self, x: Array) -> Array:
        return -self.sigmoid(x) * self.sigmoid(-x)

    def tanh_curvature(self, x: Array) -> Array:
        e = np.exp(-2 * np.abs(x))
        return np.asarray(-8 * np.tanh(x) * (e / np.square(1 + e)))

    def softplus_curvature(self, x: Array, beta: float = 1.0) -> Array:
        return beta * (self.sigmoid(beta * x) * self.sigmoid(-beta * x))

    def softsign_curvature(self, x: Array) -> Array:
        root = 1 / (1 + np.abs(x))
        return np.asarray(np.where(x > 0, -2, 2).astype(x.dtype) * root * root * root)

    def silu_curvature(self, x: Array) -> Array:
        return np.asarray(self.sigmoid(x) * self.sigmoid(-x) * (2 - x * self.half_tanh(x)))

    def mish_curvature(self, x: Array) -> Array:
        """2 t' + x t'', the fractions of t' and t'' reduced by powers of exp(x) for positive x."""
        e, near = np.exp(-np.abs(x)), np.clip(x, -1000, 1000)
        low, high = e * (e + 2) + 2, 1 + 2 * e * (1 + e)
        below = 8 * e * (1 + e) / np.square(low) + near * (4 * e * (2 + e * (2 - e * (3 + 2 * e))) / low**3)
        above = 8 * e * e * (1 + e) / np.square(high)
        above = above + near * (4 * e * e * (e * (e * (2 * e + 2) - 3) - 2) / high**3)
        return np.asarray(np.where(x < 0, below, above))

    def gelu_curvature(self, x: Array) -> Array:
        square = np.square(np.clip(x, -100, 100))
        return np.asarray(math.sqrt(0.5 / math.pi) * np.exp(-0.5 * square) * (2 - square))

    def gelu_tanh_curvature(self, x: Array) -> Array:
        near = np.clip(x, -32, 32)
        argument = self._gelu_tanh_argument(near)
        factor = 2 * math.sqrt(2 / math.pi)
        slope, bend = factor * (1 + 3 * 0.044715 * np.square(near)), factor * 6 * 0.044715 * near
        inner = 2 * slope + near * (bend - self.half_tanh(argument) * np.square(slope))
        return np.asarray(self.sigmoid(argument) * self.sigmoid(-argument) * inner)

    # Rows.

    def softmax_second(self, ddx: Array, dy: Array, x: Array, axis: int = -1) -> Array:
        y = self.softmax(x, axis)
        one, other = (each - np.sum(y * each, axis, keepdims=True) for each in (ddx, dy))
        return np.asarray(y * (one * other - np.sum(y * one * other, axis, keepdims=True)))

    def log_softmax_tangent(self, tx: Array, x: Array, axis: int = -1) -> Array:
        return np.asarray(tx - np.sum(self.softmax(x, axis) * tx, axis, keepdims=True))

    def log_softmax_second(self, ddx: Array, dy: Array, x: Array, axis: int = -1) -> Array:
        along = self.log_softmax_tangent(ddx, x, axis)
        return np.asarray(-self.softmax(x, axis) * along * np.sum(dy, axis, keepdims=True))

    def glu_tangent(self, tx: Array, x: Array, axis: int = -1) -> Array:
        (value, gate), (tvalue, tgate) = np.split(x, 2, axis), np.split(tx, 2, axis)
        on, off = self.sigmoid(gate), self.sigmoid(-gate)
        return np.asarray(tvalue * on + tgate * (value * (on * off)))

    def glu_second(self, ddx: Array, dy: Array, x: Array, axis: int = -1) -> Array:
        (value, gate), (ddvalue, ddgate) = np.split(x, 2, axis), np.split(ddx, 2, axis)
        slope = self.sigmoid(gate) * self.sigmoid(-gate)
        of_gate = ddvalue * slope + ddgate * (value * self.sigmoid_curvature(gate))
        return np.concatenate([dy * (ddgate * slope), dy * of_gate], axis)
