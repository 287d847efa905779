"""Wrong batch normalization at its corners: constant, single and no values, many values, and input that is wrong."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from adapters._numpy_normalization import Axes
from adapters.base import Array, BatchNorm, Outcome
from adapters.numpy import NumPy

from ..registry import fault
from .batch_norm import OnePassVariance

State = dict[str, Array]


@fault(clause="BN.constant", category="epsilon", says="zero variance divides by zero")
class ConstantDividesByZero(NumPy):
    def inverse_root(self, var: Array, eps: float) -> Array:
        return super().inverse_root(var, 0)


@fault(clause="BN.constant", category="special value", says="zero variance answers zero, without beta")
class ConstantAnswersZero(NumPy):
    def batch_norm_output(self, case: BatchNorm, mean: Array, var: Array) -> Array:
        return np.where(var == 0, 0, super().batch_norm_output(case, mean, var))


@fault(
    clause="BN.constant",
    category="reduction",
    says="variance in one pass, not kept from being negative",
    tracker="https://github.com/tenstorrent/tt-metal/issues/45968",
)
class ConstantCancels(NumPy):
    def batch_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        mean = self.average(x, axes)
        return mean, self.average(np.square(x), axes) - np.square(mean)


class Answering(NumPy):
    """Answers where the control refuses one value, or none, a channel."""

    def check_batch_norm(self, case: BatchNorm) -> None:
        super().check_batch_norm(replace(case, training=False))

    def unbiased(self, var: Array, n: int) -> Array:
        return super().unbiased(var, n) if n > 1 else var


@fault(
    clause="BN.single",
    category="divisor",
    says="the unbiased variance of one value, 0/0, is stored",
    tracker="https://github.com/pytorch/pytorch/issues/1381",
)
class SingleStoresNan(Answering):
    def unbiased(self, var: Array, n: int) -> Array:
        return np.asarray(var * np.divide(n, var.dtype.type(n - 1)))


@fault(clause="BN.single", category="special value", says="one value is handed through")
class SingleHandedThrough(Answering):
    def batch_norm_output(self, case: BatchNorm, mean: Array, var: Array) -> Array:
        return case.x.copy() if case.x.size == mean.size else super().batch_norm_output(case, mean, var)


class Averaging(Answering):
    """A mean of no values is 0/0, as NumPy has it."""

    def average(self, x: Array, axes: Axes) -> Array:
        return np.asarray(self.total(x, axes) / x.dtype.type(math.prod(x.shape[axis] for axis in axes)))


@fault(
    clause="BN.empty",
    category="special value",
    says="the mean and variance of no values, 0/0, are stored",
    tracker="https://github.com/google-deepmind/sonnet/issues/125",
)
class EmptyStoresNan(Averaging):
    pass


@fault(clause="BN.empty", category="special value", says="an empty batch moves the statistics to zero")
class EmptyCountsAsZero(Averaging):
    def batch_norm_track(self, case: BatchNorm, state: State, mean: Array, var: Array) -> None:
        super().batch_norm_track(case, state, np.nan_to_num(mean), np.nan_to_num(var))


@fault(clause="BN.empty", category="special value", says="inference of an empty batch with dgamma 0/0")
class EmptyGradientNan(NumPy):
    def batch_norm_eval_gradient(self, case: BatchNorm, dy: Array, mean: Array, var: Array) -> State:
        found = super().batch_norm_eval_gradient(case, dy, mean, var)
        if not dy.size and "dgamma" in found:
            found["dgamma"] = np.full_like(found["dgamma"], np.nan)
        return found


@fault(
    clause="BN.large",
    category="reduction",
    says="variance in one pass",
    tracker="https://github.com/tensorflow/tensorflow/pull/25115",
)
class LargeCancels(OnePassVariance):
    pass


@fault(clause="BN.large", category="dtype", says="the count of values stops at 16,383")
class CountSaturates(NumPy):
    def average(self, x: Array, axes: Axes) -> Array:
        return np.asarray(self.total(x, axes) / min(math.prod(x.shape[axis] for axis in axes), 16383))


@fault(clause="BN.large", category="reduction", says="the stored variance in one pass, the output's in two")
class StoredVarianceCancels(NumPy):
    def batch_norm_track(self, case: BatchNorm, state: State, mean: Array, var: Array) -> None:
        squares = self.average(np.square(case.x), self.batch_axes(case.x, case.channel_axis)).reshape(-1)
        super().batch_norm_track(case, state, mean, squares - np.square(mean))


@fault(
    clause="BN.layout",
    category="layout",
    says="x taken for contiguous: read in the order of memory",
    tracker="https://github.com/pytorch/pytorch/issues/63224",
)
class InputInMemoryOrder(NumPy):
    def batch_norm(self, case: BatchNorm) -> Outcome:
        return super().batch_norm(replace(case, x=case.x.ravel(order="K").reshape(case.x.shape)))


@fault(clause="BN.layout", category="layout", says="dy taken for contiguous: read in the order of memory")
class CotangentInMemoryOrder(NumPy):
    def batch_norm_gradient(self, case: BatchNorm, dy: Array, mean: Array, var: Array) -> State:
        return super().batch_norm_gradient(case, dy.ravel(order="K").reshape(dy.shape), mean, var)


@fault(clause="BN.layout", category="layout", says="an axis of stride 0 is summed once")
class BroadcastSummedOnce(NumPy):
    def average(self, x: Array, axes: Axes) -> Array:
        repeated = math.prod(x.shape[axis] for axis in axes if x.strides[axis] == 0)
        return np.asarray(super().average(x, axes) / max(repeated, 1))


@fault(
    clause="BN.layout",
    category="reduction",
    says="the stored variance of channels-last memory in one pass",
    tracker="https://github.com/pytorch/pytorch/issues/121651",
)
class ChannelsLastCancels(NumPy):
    def batch_norm_track(self, case: BatchNorm, state: State, mean: Array, var: Array) -> None:
        if case.x.ndim > 2 and case.x.strides[1] == case.x.itemsize:
            squares = self.average(np.square(case.x), self.batch_axes(case.x, case.channel_axis)).reshape(-1)
            var = squares - np.square(mean)
        super().batch_norm_track(case, state, mean, var)


@fault(clause="BN.eps-zero", category="epsilon", says="an eps of 0 is taken for none given: the default is used")
class EpsilonDefault(NumPy):
    def inverse_root(self, var: Array, eps: float) -> Array:
        return super().inverse_root(var, eps or 1e-5)


@fault(
    clause="BN.eps-zero",
    category="epsilon",
    says="the least eps is 1e-5",
    tracker="https://github.com/tensorflow/tensorflow/issues/37768",
)
class EpsilonFloored(NumPy):
    def batch_norm_eval(self, case: BatchNorm, state: State) -> dict[str, Array]:
        return super().batch_norm_eval(replace(case, eps=max(case.eps, 1e-5)), state)


class Forgiving(NumPy):
    """Takes a wrong case for a right one, without a word."""

    def forgiven(self, case: BatchNorm) -> BatchNorm:
        raise NotImplementedError

    def batch_norm(self, case: BatchNorm) -> Outcome:
        return super().batch_norm(self.forgiven(case))


@fault(clause="BN.bad-input", category="validation", says="a gamma of one element is broadcast")
class GammaBroadcast(Forgiving):
    def forgiven(self, case: BatchNorm) -> BatchNorm:
        channels = case.x.shape[case.channel_axis]
        if case.gamma is None or case.gamma.size != 1:
            return case
        return replace(case, gamma=np.repeat(case.gamma, channels))


@fault(clause="BN.bad-input", category="validation", says="the surplus of the running statistics is cut off")
class StatisticsCut(Forgiving):
    def forgiven(self, case: BatchNorm) -> BatchNorm:
        channels = case.x.shape[case.channel_axis]
        if case.running_mean is None or case.running_var is None:
            return case
        return replace(case, running_mean=case.running_mean[:channels], running_var=case.running_var[:channels])


@fault(
    clause="BN.bad-input",
    category="validation",
    says="the sign of eps is not looked at",
    tracker="https://github.com/pytorch/pytorch/issues/166405",
)
class EpsilonUnsigned(Forgiving):
    def forgiven(self, case: BatchNorm) -> BatchNorm:
        return replace(case, eps=abs(case.eps))


@fault(
    clause="BN.bad-input",
    category="validation",
    says="a momentum of NaN passes a comparison that is written the other way round",
)
class MomentumNan(Forgiving):
    def forgiven(self, case: BatchNorm) -> BatchNorm:
        return replace(case, momentum=0.1) if case.momentum is not None and math.isnan(case.momentum) else case


@fault(
    clause="BN.bad-input",
    category="validation",
    says="momentum clipped to [0, 1]",
    tracker="https://github.com/pytorch/pytorch/issues/127736",
)
class MomentumClipped(Forgiving):
    def forgiven(self, case: BatchNorm) -> BatchNorm:
        return case if case.momentum is None else replace(case, momentum=min(max(case.momentum, 0.0), 1.0))


@fault(clause="BN.bad-input", category="validation", says="a channel axis below the first counts round once more")
class AxisWrapped(Forgiving):
    def forgiven(self, case: BatchNorm) -> BatchNorm:
        return replace(case, channel_axis=case.channel_axis % case.x.ndim)


@fault(clause="BN.bad-input", category="validation", says="an x without a batch axis taken for a batch of one")
class BatchAxisAdded(Forgiving):
    def forgiven(self, case: BatchNorm) -> BatchNorm:
        return replace(case, x=case.x[None], dy=None) if case.x.ndim == 1 and not case.training else case
