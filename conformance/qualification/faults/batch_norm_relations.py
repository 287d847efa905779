"""Wrong batch normalization where something shows that must not matter: position, other channels, old statistics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adapters._numpy_normalization import Axes
from adapters.base import Array, BatchNorm, Outcome
from adapters.numpy import NumPy

from ..registry import fault
from .batch_norm import OnePassVariance

State = dict[str, Array]


@fault(clause="BN.no-affine", category="epsilon", says="without gamma, eps is left out")
class EpsilonOnlyWithGamma(NumPy):
    def batch_norm_output(self, case: BatchNorm, mean: Array, var: Array) -> Array:
        return super().batch_norm_output(case if case.gamma is not None else replace(case, eps=0.0), mean, var)


@fault(clause="BN.no-affine", category="formula", says="without beta, the mean stays in the output")
class MeanLeftWithoutBeta(NumPy):
    def batch_norm_output(self, case: BatchNorm, mean: Array, var: Array) -> Array:
        y = super().batch_norm_output(case, mean, var)
        return y if case.beta is not None else y + mean


@fault(clause="BN.no-affine", category="formula", says="without gamma, dx is divided by the deviation twice")
class DividedTwiceWithoutGamma(NumPy):
    def batch_norm_gradient(self, case: BatchNorm, dy: Array, mean: Array, var: Array) -> State:
        found = super().batch_norm_gradient(case, dy, mean, var)
        return found if case.gamma is not None else found | {"dx": found["dx"] * self.inverse_root(var, case.eps)}


@fault(clause="BN.shift", category="reduction", says="variance of shifted data in one pass")
class ShiftCancels(OnePassVariance):
    pass


@fault(clause="BN.shift", category="formula", says="root mean square for the deviation")
class MeanLeftInVariance(NumPy):
    def batch_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        return self.average(x, axes), self.average(np.square(x), axes)


@fault(clause="BN.scale", category="epsilon", says="an eps of its own, whatever is asked for")
class EpsilonFixed(NumPy):
    def inverse_root(self, var: Array, eps: float) -> Array:
        return super().inverse_root(var, 1e-5)


@fault(clause="BN.scale", category="formula", says="variance clipped at 100")
class VarianceClipped(NumPy):
    def batch_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        mean, var = super().batch_moments(x, axes)
        return mean, np.minimum(var, var.dtype.type(100))


@fault(clause="BN.permute", category="layout", says="the mean forgets the last sample where there are several")
class LastSampleNotAveraged(NumPy):
    def batch_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        mean, var = super().batch_moments(x, axes)
        return (self.average(x[:-1], axes) if len(x) > 1 else mean), var


@fault(clause="BN.permute", category="axis", says="dx in the order of another sample")
class GradientRolled(NumPy):
    def batch_norm_gradient(self, case: BatchNorm, dy: Array, mean: Array, var: Array) -> State:
        found = super().batch_norm_gradient(case, dy, mean, var)
        return found | {"dx": np.roll(found["dx"], 1, 0)}


@fault(
    clause="BN.channels-independent", category="special value", says="one NaN or infinity makes the whole output NaN"
)
class NotFiniteEverywhere(NumPy):
    def batch_norm_output(self, case: BatchNorm, mean: Array, var: Array) -> Array:
        y = super().batch_norm_output(case, mean, var)
        return y if np.isfinite(case.x).all() else np.full_like(y, np.nan)


@fault(
    clause="BN.channels-independent",
    category="special value",
    says="running means by a product with a mask: 0 times infinity",
)
class MaskedStatistics(NumPy):
    def batch_norm_track(self, case: BatchNorm, state: State, mean: Array, var: Array) -> None:
        super().batch_norm_track(case, state, np.eye(mean.size, dtype=mean.dtype) @ mean, var)


@fault(clause="BN.channels-independent", category="special value", says="NaN read as 0")
class NanReadAsZero(NumPy):
    def answer(self, case: BatchNorm) -> Outcome:  # type: ignore[override]
        return super().answer(replace(case, x=np.where(np.isnan(case.x), 0, case.x).astype(case.x.dtype)))


@fault(clause="BN.grad.orthogonal", category="gradient", says="dx without the mean of dy")
class SumLeft(NumPy):
    def input_gradient(self, dx_hat: Array, x_hat: Array, inverse: Array, axes: Axes) -> Array:
        return np.asarray(inverse * (dx_hat - x_hat * self.average(dx_hat * x_hat, axes)))


@fault(clause="BN.grad.orthogonal", category="gradient", says="dx without the variance's term")
class ProjectionLeft(NumPy):
    def input_gradient(self, dx_hat: Array, x_hat: Array, inverse: Array, axes: Axes) -> Array:
        return np.asarray(inverse * (dx_hat - self.average(dx_hat, axes)))


@fault(clause="BN.grad.orthogonal", category="epsilon", says="dx orthogonal to x-hat whatever eps is")
class EpsilonForgotten(NumPy):
    def input_gradient(self, dx_hat: Array, x_hat: Array, inverse: Array, axes: Axes) -> Array:
        share = self.average(dx_hat * x_hat, axes) / self.average(np.square(x_hat), axes)
        return np.asarray(inverse * (dx_hat - self.average(dx_hat, axes) - x_hat * share))


@fault(
    clause="BN.train.ignores-running",
    category="state",
    says="the input shifted by the running mean before it is normalized",
)
class ShiftedByRunningMean(NumPy):
    def batch_norm_output(self, case: BatchNorm, mean: Array, var: Array) -> Array:
        if not case.training or case.running_mean is None:
            return super().batch_norm_output(case, mean, var)
        old = self.channelwise(case.running_mean, case.x, case.channel_axis)
        assert old is not None
        return super().batch_norm_output(replace(case, x=case.x - old), mean - old, var)


@fault(clause="BN.train.ignores-running", category="state", says="running variance blended in, with a weight of zero")
class BlendedWithWeightZero(NumPy):
    def batch_norm_gradient(self, case: BatchNorm, dy: Array, mean: Array, var: Array) -> State:
        if case.running_var is not None:
            old = self.channelwise(case.running_var, case.x, case.channel_axis)
            assert old is not None
            var = var + 0 * old
        return super().batch_norm_gradient(case, dy, mean, var)
