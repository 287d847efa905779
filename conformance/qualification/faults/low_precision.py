"""Wrong normalization of 16-bit tensors: sums, squares and statistics in 16 bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters._numpy_normalization import Axes
from adapters.base import Array, BatchNorm, dtype_of
from adapters.numpy import NumPy

from ..registry import fault
from ..zoo.sums import in_order, keep_axes, lanes


def total_in(dtype: str, x: Array, axes: Axes) -> Array:
    """One running sum of numbers of ``dtype``, every partial sum rounded to it."""
    return keep_axes(in_order(lanes(x, axes).astype(dtype_of(dtype))).astype(x.dtype), x, axes)


@fault(clause="BN.low-precision", category="dtype", says="sums in float16")
class BatchSumsInHalf(NumPy):
    def total(self, x: Array, axes: Axes) -> Array:
        return total_in("float16", x, axes)


@fault(clause="BN.low-precision", category="dtype", says="sums of the statistics alone in bfloat16")
class BatchMomentsInBfloat(NumPy):
    def batch_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        n = x.size // np.prod([x.shape[axis] for axis in range(x.ndim) if axis not in axes])
        mean = total_in("bfloat16", x, axes) / x.dtype.type(n)
        return mean, total_in("bfloat16", np.square(x - mean), axes) / x.dtype.type(n)


@fault(clause="BN.low-precision", category="dtype", says="squares of deviations in float16, summed in float32")
class BatchSquaresInHalf(NumPy):
    def batch_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        mean = self.average(x, axes)
        return mean, self.average(np.square((x - mean).astype(np.float16)).astype(x.dtype), axes)


@fault(clause="BN.low-precision", category="dtype", says="gradients of gamma and beta added up in float16")
class BatchAffineGradientInHalf(NumPy):
    def affine_gradient(self, dy: Array, x_hat: Array, axes: Axes, **parameters: Array | None) -> dict[str, Array]:
        found = super().affine_gradient(dy, x_hat, axes, **parameters)
        terms = zip(found.items(), (dy * x_hat, dy), strict=True)
        return {name: total_in("float16", term, axes).reshape(value.shape) for (name, value), term in terms}


@fault(
    clause="BN.low-precision",
    category="dtype",
    says="the variance of the running statistics, not of the output, from 16-bit sums",
)
class RunningVarianceInHalf(NumPy):
    def batch_norm_track(self, case: BatchNorm, state: dict[str, Array], mean: Array, var: Array) -> None:
        axes = self.batch_axes(case.x, case.channel_axis)
        centred = np.square(case.x - np.expand_dims(mean, axes))
        rough = total_in("float16", centred, axes).reshape(-1) * mean.dtype.type(mean.size / case.x.size)
        super().batch_norm_track(case, state, mean, rough)


@fault(clause="BN.low-precision", category="dtype", says="every operation in the dtype of the input")
class BatchInOwnDtype(NumPy):
    def computed_in(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        return dtype

    def total(self, x: Array, axes: Axes) -> Array:
        return total_in(x.dtype.name, x, axes)


class HalfIn(NumPy):
    """Layer normalization with some of its sums in float16."""

    def total(self, x: Array, axes: Axes) -> Array:
        return total_in("float16", x, axes) if self.chosen(axes) else super().total(x, axes)

    def chosen(self, axes: Axes) -> bool:
        raise NotImplementedError


@fault(
    clause="LN.low-precision",
    category="dtype",
    says="sums over the features in float16",
    tracker="https://github.com/xlite-dev/LeetCUDA/pull/335",
)
class FeatureSumsInHalf(HalfIn):
    def chosen(self, axes: Axes) -> bool:
        return 0 not in axes


@fault(clause="LN.low-precision", category="dtype", says="dgain and dbias added up in float16 over the samples")
class SampleSumsInHalf(HalfIn):
    def chosen(self, axes: Axes) -> bool:
        return 0 in axes


@fault(clause="LN.low-precision", category="dtype", says="dgain and dbias added up in bfloat16 over the samples")
class SampleSumsInBfloat(NumPy):
    def affine_gradient(self, dy: Array, x_hat: Array, axes: Axes, **parameters: Array | None) -> dict[str, Array]:
        found = super().affine_gradient(dy, x_hat, axes, **parameters)
        terms = zip(found.items(), (dy * x_hat, dy), strict=True)
        return {name: total_in("bfloat16", term, axes).reshape(value.shape) for (name, value), term in terms}


@fault(
    clause="LN.low-precision",
    category="dtype",
    says="squares in float16, summed in float32",
    tracker="https://github.com/ROCm/AMDMIGraphX/issues/2891",
)
class LayerSquaresInHalf(NumPy):
    def layer_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        mean = self.average(x, axes)
        return mean, self.average(np.square((x - mean).astype(np.float16)).astype(x.dtype), axes)


@fault(
    clause="LN.low-precision",
    category="dtype",
    says="every operation in the dtype of the input",
    tracker="https://github.com/pytorch/pytorch/issues/66707",
)
class LayerInOwnDtype(BatchInOwnDtype):
    pass
