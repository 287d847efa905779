"""Wrong layer normalization at its edges."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from adapters._numpy_normalization import Axes
from adapters.base import Array, LayerNorm
from adapters.numpy import NumPy

from ..registry import fault


@fault(
    clause="LN.constant",
    category="reduction",
    says="one-pass variance that may be negative: the root is NaN",
    tracker="https://github.com/microsoft/onnxruntime/issues/21935",
)
class NegativeVariance(NumPy):
    def layer_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        mean = self.average(x, axes)
        return mean, self.average(np.square(x), axes) - np.square(mean) * (1 + np.finfo(x.dtype).eps)


@fault(clause="LN.constant", category="epsilon", says="no epsilon: 0/0")
class ConstantWithoutEpsilon(NumPy):
    def inverse_root(self, var: Array, eps: float) -> Array:
        return super().inverse_root(var, 0)


@fault(clause="LN.constant", category="gradient", says="no gradient where there is no spread")
class ConstantWithoutGradient(NumPy):
    def input_gradient(self, dx_hat: Array, x_hat: Array, inverse: Array, axes: Axes) -> Array:
        spread = self.total(np.abs(x_hat), axes) > 0
        return np.where(spread, super().input_gradient(dx_hat, x_hat, inverse, axes), 0)


@fault(clause="LN.single", category="divisor", says="unbiased variance: 0/0 for one feature")
class SingleUnbiased(NumPy):
    def layer_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        mean, var = super().layer_moments(x, axes)
        n = x.size // mean.size
        return mean, var * n / np.asarray(n - 1, x.dtype)


@fault(clause="LN.single", category="special value", says="one feature passes through as it is")
class SinglePassesThrough(NumPy):
    def layer_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        mean, var = super().layer_moments(x, axes)
        return (mean, var) if x.size > mean.size else (0 * mean, 1 + 0 * var)


@fault(clause="LN.single", category="gradient", says="one feature gets the gradient of the identity")
class SingleGradientPassesThrough(NumPy):
    def input_gradient(self, dx_hat: Array, x_hat: Array, inverse: Array, axes: Axes) -> Array:
        single = math.prod(x_hat.shape[axis] for axis in axes) == 1
        return dx_hat if single else super().input_gradient(dx_hat, x_hat, inverse, axes)


@fault(clause="LN.empty", category="divisor", says="the gain's gradient is a mean over no samples: NaN")
class MeanOverNothing(NumPy):
    def layer_affine_gradient(self, case: LayerNorm, dy: Array, x_hat: Array) -> dict[str, Array]:
        found = super().layer_affine_gradient(case, dy, x_hat)
        return {name: value if dy.size else value / dy.dtype.type(0) for name, value in found.items()}


@fault(clause="LN.empty", category="special value", says="no samples are answered with one")
class OneSampleForNone(NumPy):
    def layer_norm(self, case: LayerNorm) -> dict[str, Array]:
        arrays = super().layer_norm(case)
        return arrays if case.x.size else arrays | {"y": np.zeros((1, *case.x.shape[1:]), case.x.dtype)}


@fault(clause="LN.special", category="special value", says="NaN replaced by zero")
class NotANumberReplaced(NumPy):
    def layer_norm(self, case: LayerNorm) -> dict[str, Array]:
        return super().layer_norm(replace(case, x=np.where(np.isnan(case.x), 0, case.x).astype(case.x.dtype)))


@fault(clause="LN.special", category="special value", says="infinities clipped to the largest number")
class InfinityClipped(NumPy):
    def layer_norm(self, case: LayerNorm) -> dict[str, Array]:
        largest = np.finfo(case.x.dtype).max
        return super().layer_norm(replace(case, x=np.clip(case.x, -largest, largest)))


@fault(clause="LN.special", category="special value", says="statistics that skip NaN")
class StatisticsSkipNotANumber(NumPy):
    def layer_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        return super().layer_moments(np.where(np.isnan(x), 0, x), axes)


@fault(clause="LN.special", category="special value", says="dx plus zero times the sum of all samples")
class GradientBlendedByZero(NumPy):
    def layer_norm(self, case: LayerNorm) -> dict[str, Array]:
        arrays = super().layer_norm(case)
        if "dx" in arrays:
            arrays["dx"] = arrays["dx"] + 0 * np.sum(case.x)
        return arrays


@fault(clause="LN.layout", category="layout", says="x taken for contiguous: read in the order of memory")
class InputInMemoryOrder(NumPy):
    def layer_norm(self, case: LayerNorm) -> dict[str, Array]:
        return super().layer_norm(replace(case, x=case.x.ravel(order="K").reshape(case.x.shape)))


@fault(clause="LN.layout", category="layout", says="dy taken for contiguous: read in the order of memory")
class CotangentInMemoryOrder(NumPy):
    def layer_norm_gradient(self, case: LayerNorm, dy: Array, mean: Array, var: Array) -> dict[str, Array]:
        return super().layer_norm_gradient(case, dy.ravel(order="K").reshape(dy.shape), mean, var)


@fault(clause="LN.layout", category="layout", says="an axis of stride 0 is summed once")
class BroadcastSummedOnce(NumPy):
    def average(self, x: Array, axes: Axes) -> Array:
        found = super().average(x, axes)
        repeated = math.prod(x.shape[axis] for axis in axes if x.strides[axis] == 0)
        return np.asarray(found / repeated)


@fault(
    clause="LN.bad-input",
    category="validation",
    says="a negative epsilon passes",
    tracker="https://github.com/ml-explore/mlx/pull/4312",
)
class NegativeEpsilonPasses(NumPy):
    def layer_norm(self, case: LayerNorm) -> dict[str, Array]:
        return super().layer_norm(replace(case, eps=abs(case.eps)))


@fault(clause="LN.bad-input", category="validation", says="NaN passes the check of epsilon")
class NotANumberEpsilonPasses(NumPy):
    def layer_norm(self, case: LayerNorm) -> dict[str, Array]:
        return super().layer_norm(replace(case, eps=0.0) if math.isnan(case.eps) else case)


@fault(clause="LN.bad-input", category="validation", says="gain and bias broadcast")
class AffineBroadcasts(NumPy):
    def layer_norm(self, case: LayerNorm) -> dict[str, Array]:
        shape = case.x.shape[case.x.ndim - case.normalized_rank :]
        wide: dict[str, Any] = {
            name: np.broadcast_to(value, shape)
            for name in ("gain", "bias")
            if (value := getattr(case, name)) is not None
        }
        return super().layer_norm(replace(case, **wide))


@fault(clause="LN.bad-input", category="validation", says="too large a rank is cut to that of x")
class RankCut(NumPy):
    def layer_norm(self, case: LayerNorm) -> dict[str, Array]:
        return super().layer_norm(replace(case, normalized_rank=min(case.normalized_rank, case.x.ndim)))


@fault(clause="LN.bad-input", category="validation", says="rank 0 normalizes each element by itself")
class RankZeroPasses(NumPy):
    def layer_norm(self, case: LayerNorm) -> dict[str, Array]:
        return {"y": np.zeros_like(case.x)} if case.normalized_rank == 0 else super().layer_norm(case)
