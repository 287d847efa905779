"""Wrong batch normalization in training: output, gradients, and what happens to the running statistics."""

from __future__ import annotations

import numpy as np

from adapters._numpy_normalization import Axes
from adapters.base import Array, BatchNorm
from adapters.numpy import NumPy

from ..registry import fault


@fault(
    clause="BN.train.output",
    category="epsilon",
    says="epsilon outside the root",
    tracker="https://github.com/keras-team/keras/pull/10427",
)
class EpsilonOutsideRoot(NumPy):
    def inverse_root(self, var: Array, eps: float) -> Array:
        return np.asarray(1 / (np.sqrt(var) + var.dtype.type(eps)))


@fault(
    clause="BN.train.output",
    category="epsilon",
    says="no epsilon",
    tracker="https://github.com/torchcvnn/torchcvnn/issues/32",
)
class EpsilonMissing(NumPy):
    def inverse_root(self, var: Array, eps: float) -> Array:
        return super().inverse_root(var, 0)


@fault(clause="BN.train.output", category="epsilon", says="epsilon ten times too large")
class EpsilonTenfold(NumPy):
    def inverse_root(self, var: Array, eps: float) -> Array:
        return super().inverse_root(var, 10 * eps)


@fault(clause="BN.train.output", category="formula", says="divided by the variance, not by its root")
class RootMissing(NumPy):
    def inverse_root(self, var: Array, eps: float) -> Array:
        return np.asarray(1 / (var + var.dtype.type(eps)))


@fault(clause="BN.train.output", category="divisor", says="unbiased for biased variance")
class UnbiasedVariance(NumPy):
    def batch_norm_output(self, case: BatchNorm, mean: Array, var: Array) -> Array:
        if case.training:
            var = self.unbiased(var, case.x.size // var.size)
        return super().batch_norm_output(case, mean, var)


class OtherAxes(NumPy):
    """Normalizes the output, in training, by statistics over other axes."""

    def other_axes(self, case: BatchNorm) -> Axes:
        raise NotImplementedError

    def batch_norm_output(self, case: BatchNorm, mean: Array, var: Array) -> Array:
        if case.training:
            mean, var = self.moments(case.x, self.other_axes(case))
        return super().batch_norm_output(case, mean, var)


@fault(clause="BN.train.output", category="axis", says="statistics over the batch axis alone, where x has rank 4")
class BatchAxisAlone(OtherAxes):
    def other_axes(self, case: BatchNorm) -> Axes:
        return (0,) if case.x.ndim == 4 else self.batch_axes(case.x, case.channel_axis)


@fault(
    clause="BN.train.output", category="axis", says="statistics of each sample over space, as in instance normalization"
)
class SpaceAlone(OtherAxes):
    def other_axes(self, case: BatchNorm) -> Axes:
        axes = self.batch_axes(case.x, case.channel_axis)
        return axes[1:] or axes


@fault(
    clause="BN.train.output",
    category="axis",
    says="one mean and one variance for all channels",
    tracker="https://github.com/tensorlayer/TensorLayer/issues/1103",
)
class ChannelsTogether(OtherAxes):
    def other_axes(self, case: BatchNorm) -> Axes:
        return tuple(range(case.x.ndim))


@fault(
    clause="BN.train.output",
    category="layout",
    says="channels last read as channels first, where the sizes allow it",
    tracker="https://github.com/pytorch/pytorch/issues/62594",
)
class LayoutIgnored(OtherAxes):
    def other_axes(self, case: BatchNorm) -> Axes:
        return self.batch_axes(case.x, 1)


@fault(clause="BN.train.output", category="layout", says="last channel centred by the mean of the channel before it")
class LastChannelShifted(NumPy):
    def batch_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        mean, var = super().batch_moments(x, axes)
        if mean.size > 1:
            mean.flat[-1] = mean.flat[-2]
        return mean, var


@fault(clause="BN.train.output", category="layout", says="statistics without the last sample of a batch of odd size")
class OddBatchCutShort(NumPy):
    def batch_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        return super().batch_moments(x[:-1] if len(x) % 2 and len(x) > 1 else x, axes)


@fault(
    clause="BN.train.output",
    category="reduction",
    says="variance in one pass, E[x^2] - E[x]^2",
    tracker="https://github.com/google/objax/issues/182",
)
class OnePassVariance(NumPy):
    def batch_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        mean = self.average(x, axes)
        return mean, np.maximum(self.average(np.square(x), axes) - np.square(mean), 0)


@fault(clause="BN.train.output", category="dtype", says="sums in float16")
class HalfPrecisionSums(NumPy):
    def total(self, x: Array, axes: Axes) -> Array:
        return np.asarray(np.sum(x.astype(np.float16), axes, keepdims=True).astype(x.dtype))


@fault(clause="BN.train.output", category="formula", says="gamma (x_hat + beta) for gamma x_hat + beta")
class ShiftBeforeScale(NumPy):
    def affine(self, x_hat: Array, scale: Array | None, shift: Array | None) -> Array:
        return super().affine(super().affine(x_hat, None, shift), scale, None)


@fault(clause="BN.train.output", category="axis", says="the first channel's gamma for every channel")
class FirstGammaForAll(NumPy):
    def batch_norm_output(self, case: BatchNorm, mean: Array, var: Array) -> Array:
        gamma = None if case.gamma is None else case.gamma[:1]
        beta = self.channelwise(case.beta, case.x, case.channel_axis)
        return self.normalized(case.x, mean, var, case.eps, gamma, beta)


@fault(clause="BN.train.grad", category="gradient", says="dx without the mean term")
class MeanTermMissing(NumPy):
    def input_gradient(self, dx_hat: Array, x_hat: Array, inverse: Array, axes: Axes) -> Array:
        return np.asarray(inverse * (dx_hat - x_hat * self.average(dx_hat * x_hat, axes)))


@fault(clause="BN.train.grad", category="gradient", says="dx without the variance term")
class VarianceTermMissing(NumPy):
    def input_gradient(self, dx_hat: Array, x_hat: Array, inverse: Array, axes: Axes) -> Array:
        return np.asarray(inverse * (dx_hat - self.average(dx_hat, axes)))


@fault(clause="BN.train.grad", category="divisor", says="variance term divided by n - 1")
class VarianceTermUnbiased(NumPy):
    def input_gradient(self, dx_hat: Array, x_hat: Array, inverse: Array, axes: Axes) -> Array:
        variance_term = x_hat * self.unbiased(self.average(dx_hat * x_hat, axes), x_hat.size // inverse.size)
        return np.asarray(inverse * (dx_hat - self.average(dx_hat, axes) - variance_term))


@fault(
    clause="BN.train.grad",
    category="gradient",
    says="statistics held constant, as in inference",
    tracker="https://github.com/facebookresearch/CrypTen/pull/143",
)
class StatisticsConstant(NumPy):
    def batch_norm_gradient(self, case: BatchNorm, dy: Array, mean: Array, var: Array) -> dict[str, Array]:
        return self.batch_norm_eval_gradient(case, dy, mean, var)


@fault(
    clause="BN.train.grad",
    category="gradient",
    says="dx without gamma",
    tracker="https://github.com/denizyuret/Knet.jl/issues/288",
)
class InputGradientWithoutGamma(NumPy):
    def batch_norm_gradient(self, case: BatchNorm, dy: Array, mean: Array, var: Array) -> dict[str, Array]:
        x_hat = self.normalize(case.x, mean, var, case.eps)
        axes = self.batch_axes(case.x, case.channel_axis)
        dx = self.input_gradient(dy, x_hat, self.inverse_root(var, case.eps), axes)
        return super().batch_norm_gradient(case, dy, mean, var) | {"dx": dx}


@fault(clause="BN.train.grad", category="reduction", says="variance of the backward pass in one pass")
class OnePassBackward(OnePassVariance):
    def batch_norm_output(self, case: BatchNorm, mean: Array, var: Array) -> Array:
        if case.training:
            mean, var = self.moments(case.x, self.batch_axes(case.x, case.channel_axis))
        return super().batch_norm_output(case, mean, var)


class OtherAffineGradient(NumPy):
    """Sums dgamma and dbeta, in training, from other terms."""

    def terms(self, case: BatchNorm, dy: Array, x_hat: Array) -> tuple[Array, Array]:
        """What stands for dy and for x_hat; ``x_hat`` is the right one."""
        raise NotImplementedError

    def batch_affine_gradient(self, case: BatchNorm, dy: Array, x_hat: Array) -> dict[str, Array]:
        if case.training:
            dy, x_hat = self.terms(case, dy, x_hat)
        return super().batch_affine_gradient(case, dy, x_hat)


@fault(clause="BN.train.grad", category="gradient", says="dgamma without x-hat's normalization: sum(dy (x - mean))")
class GammaGradientUnnormalized(OtherAffineGradient):
    def terms(self, case: BatchNorm, dy: Array, x_hat: Array) -> tuple[Array, Array]:
        return dy, case.x - self.average(case.x, self.batch_axes(case.x, case.channel_axis))


@fault(clause="BN.train.grad", category="gradient", says="dgamma from x itself: sum(dy x)")
class GammaGradientFromInput(OtherAffineGradient):
    def terms(self, case: BatchNorm, dy: Array, x_hat: Array) -> tuple[Array, Array]:
        return dy, case.x


@fault(clause="BN.train.grad", category="layout", says="dgamma and dbeta without the last sample")
class LastSampleLeftOut(OtherAffineGradient):
    def terms(self, case: BatchNorm, dy: Array, x_hat: Array) -> tuple[Array, Array]:
        return dy[:-1], x_hat[:-1]


@fault(
    clause="BN.train.grad",
    category="axis",
    says="dgamma and dbeta summed over the batch axis, of the first position in space alone",
)
class FirstPositionAlone(OtherAffineGradient):
    def terms(self, case: BatchNorm, dy: Array, x_hat: Array) -> tuple[Array, Array]:
        space = self.batch_axes(dy, case.channel_axis)[1:]
        first = tuple(slice(0, 1) if axis in space else slice(None) for axis in range(dy.ndim))
        return dy[first], x_hat[first]


@fault(
    clause="BN.train.grad",
    category="axis",
    says="dgamma and dbeta summed over the channels, where there are as many samples",
)
class SummedOverChannels(OtherAffineGradient):
    def terms(self, case: BatchNorm, dy: Array, x_hat: Array) -> tuple[Array, Array]:
        channel = case.channel_axis % dy.ndim
        if len(dy) != dy.shape[channel]:
            return dy, x_hat
        return np.swapaxes(dy, 0, channel), np.swapaxes(x_hat, 0, channel)


@fault(clause="BN.train.grad", category="divisor", says="dbeta averaged")
class BetaGradientAveraged(NumPy):
    def batch_affine_gradient(self, case: BatchNorm, dy: Array, x_hat: Array) -> dict[str, Array]:
        found = super().batch_affine_gradient(case, dy, x_hat)
        if "dbeta" in found:
            found["dbeta"] = found["dbeta"] / (dy.size // found["dbeta"].size)
        return found
