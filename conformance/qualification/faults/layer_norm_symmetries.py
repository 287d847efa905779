"""Layer normalization without its symmetries, and with gain and bias in the wrong place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adapters._numpy_normalization import Axes
from adapters.base import Array, BatchNorm, LayerNorm, Outcome
from adapters.numpy import NumPy

from ..registry import fault
from .layer_norm import (
    EpsilonOutsideRoot,
    GainTransposed,
    LastAxisAlone,
    MeanNotSubtracted,
    MeanTermMissing,
    OnePassVariance,
    OverTheSamples,
    VarianceTermMissing,
)

fault(clause="LN.shift", category="formula", says="mean not subtracted, as in root-mean-square normalization")(
    MeanNotSubtracted
)
fault(clause="LN.scale", category="epsilon", says="epsilon outside the root")(EpsilonOutsideRoot)
fault(clause="LN.grad.orthogonal", category="gradient", says="dx without the mean term")(MeanTermMissing)
fault(clause="LN.grad.orthogonal", category="gradient", says="dx without the variance term")(VarianceTermMissing)
fault(
    clause="LN.multi-axis",
    category="axis",
    says="gain transposed, where the sizes of the last two axes are equal",
    tracker="https://github.com/webmachinelearning/webnn/issues/748",
)(GainTransposed)
fault(clause="LN.multi-axis", category="axis", says="statistics over the last axis alone")(LastAxisAlone)
fault(
    clause="LN.large",
    category="reduction",
    says="variance in one pass, E[x^2] - E[x]^2",
    tracker="https://github.com/NVIDIA/trt-samples-for-hackathon-cn/issues/88",
)(OnePassVariance)
fault(clause="BN-vs-LN", category="axis", says="layer normalization over the samples")(OverTheSamples)


@fault(clause="LN.shift", category="axis", says="the mean of the first four features alone")
class MeanOfTheFirst(NumPy):
    def layer_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        mean = self.average(x[..., :4], axes)
        return mean, self.average(np.square(x - mean), axes)


@fault(clause="LN.scale", category="epsilon", says="a variance below 1e-3 is taken for 1e-3")
class VarianceFloored(NumPy):
    def layer_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        mean, var = super().layer_moments(x, axes)
        return mean, np.maximum(var, var.dtype.type(1e-3))


@fault(clause="LN.no-affine", category="formula", says="without a gain the bias is left out too")
class BiasGoesWithTheGain(NumPy):
    def layer_norm(self, case: LayerNorm) -> dict[str, Array]:
        arrays = super().layer_norm(case)
        if case.gain is None and case.bias is not None:
            arrays["y"] = super().layer_norm(replace(case, bias=None, dy=None))["y"]
        return arrays


@fault(clause="LN.no-affine", category="gradient", says="without a gain no gradient goes through the statistics")
class ConstantStatisticsWithoutGain(NumPy):
    def layer_norm_gradient(self, case: LayerNorm, dy: Array, mean: Array, var: Array) -> dict[str, Array]:
        found = super().layer_norm_gradient(case, dy, mean, var)
        return found if case.gain is not None else found | {"dx": dy * self.inverse_root(var, case.eps)}


@fault(clause="LN.multi-axis", category="axis", says="bias transposed, where the sizes of the last two axes are equal")
class BiasTransposed(NumPy):
    def layer_norm(self, case: LayerNorm) -> dict[str, Array]:
        bias = case.bias
        if bias is not None and bias.ndim > 1 and bias.shape[-1] == bias.shape[-2]:
            bias = np.swapaxes(bias, -1, -2)
        return super().layer_norm(replace(case, bias=bias))


@fault(clause="LN.multi-axis", category="axis", says="the gain's gradient transposed, where the sizes are equal")
class GainGradientTransposed(NumPy):
    def layer_affine_gradient(self, case: LayerNorm, dy: Array, x_hat: Array) -> dict[str, Array]:
        found = super().layer_affine_gradient(case, dy, x_hat)
        gain = found.get("dgain")
        if gain is not None and gain.ndim > 1 and gain.shape[-1] == gain.shape[-2]:
            found["dgain"] = np.swapaxes(gain, -1, -2)
        return found


@fault(clause="LN.large", category="dtype", says="features beyond 2^16 - 1 are left out of the mean")
class CounterOfSixteenBits(NumPy):
    def layer_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        mean, var = super().layer_moments(x[..., : 2**16 - 1], axes)
        return mean, var


@fault(clause="BN-vs-LN", category="axis", says="batch normalization by sample")
class BatchNormBySample(NumPy):
    def batch_norm(self, case: BatchNorm) -> Outcome:
        outcome = super().batch_norm(case)
        gain = self.channelwise(case.gamma, case.x, case.channel_axis)
        bias = self.channelwise(case.beta, case.x, case.channel_axis)
        mean, var = self.moments(case.x, tuple(range(1, case.x.ndim)))
        y = self.normalized(case.x, mean, var, case.eps, gain, bias)
        return Outcome({**outcome.arrays, "y": y}, outcome.state)
