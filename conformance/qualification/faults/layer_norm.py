"""Wrong layer normalization."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adapters._numpy_normalization import Axes
from adapters.base import Array, LayerNorm
from adapters.numpy import NumPy

from ..registry import fault


@fault(
    clause="LN.output",
    category="epsilon",
    says="epsilon outside the root",
    tracker="https://github.com/microsoft/CNTK/issues/3816",
)
class EpsilonOutsideRoot(NumPy):
    def inverse_root(self, var: Array, eps: float) -> Array:
        return np.asarray(1 / (np.sqrt(var) + var.dtype.type(eps)))


@fault(
    clause="LN.output", category="epsilon", says="no epsilon", tracker="https://github.com/VeriSilicon/TIM-VX/pull/589"
)
class EpsilonMissing(NumPy):
    def inverse_root(self, var: Array, eps: float) -> Array:
        return super().inverse_root(var, 0)


@fault(clause="LN.output", category="epsilon", says="epsilon ten times too large")
class EpsilonTenfold(NumPy):
    def inverse_root(self, var: Array, eps: float) -> Array:
        return super().inverse_root(var, 10 * eps)


@fault(clause="LN.output", category="divisor", says="unbiased for biased variance")
class UnbiasedVariance(NumPy):
    def layer_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        mean, var = super().layer_moments(x, axes)
        return mean, self.unbiased(var, max(2, x.size // mean.size))


@fault(
    clause="LN.output",
    category="reduction",
    says="variance in one pass, E[x^2] - E[x]^2",
    tracker="https://github.com/microsoft/onnxruntime/issues/28463",
)
class OnePassVariance(NumPy):
    def layer_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        mean = self.average(x, axes)
        return mean, np.maximum(self.average(np.square(x), axes) - np.square(mean), 0)


@fault(clause="LN.output", category="dtype", says="sums in float16")
class HalfPrecisionSums(NumPy):
    def total(self, x: Array, axes: Axes) -> Array:
        return np.asarray(np.sum(x.astype(np.float16), axes, keepdims=True).astype(x.dtype))


@fault(clause="LN.output", category="axis", says="statistics over the samples, as in batch normalization")
class OverTheSamples(NumPy):
    def layer_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        return super().layer_moments(x, tuple(range(x.ndim - len(axes))) or axes)


@fault(
    clause="LN.output",
    category="axis",
    says="statistics over the last axis alone, where the normalized shape has several",
)
class LastAxisAlone(NumPy):
    def layer_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        return super().layer_moments(x, axes[-1:])


@fault(clause="LN.output", category="layout", says="statistics without the features beyond a multiple of four")
class TailLeftOut(NumPy):
    def layer_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        last = x.shape[-1]
        return super().layer_moments(x[..., : last - last % 4] if last > 4 else x, axes)


@fault(clause="LN.output", category="formula", says="mean not subtracted, as in root-mean-square normalization")
class MeanNotSubtracted(NumPy):
    def layer_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        mean = np.zeros_like(self.average(x, axes))
        return mean, self.average(np.square(x), axes)


@fault(clause="LN.output", category="axis", says="gain moved on by one element")
class GainMovedOn(NumPy):
    def layer_norm(self, case: LayerNorm) -> dict[str, Array]:
        moved = None if case.gain is None else np.roll(case.gain, 1)
        return super().layer_norm(replace(case, gain=moved))


@fault(clause="LN.output", category="axis", says="gain transposed, where the sizes of the last two axes are equal")
class GainTransposed(NumPy):
    def layer_norm(self, case: LayerNorm) -> dict[str, Array]:
        gain = case.gain
        if gain is not None and gain.ndim > 1 and gain.shape[-1] == gain.shape[-2]:
            gain = np.swapaxes(gain, -1, -2)
        return super().layer_norm(replace(case, gain=gain))


@fault(clause="LN.grad", category="gradient", says="dx without the mean term")
class MeanTermMissing(NumPy):
    def input_gradient(self, dx_hat: Array, x_hat: Array, inverse: Array, axes: Axes) -> Array:
        return np.asarray(inverse * (dx_hat - x_hat * self.average(dx_hat * x_hat, axes)))


@fault(clause="LN.grad", category="gradient", says="dx without the variance term")
class VarianceTermMissing(NumPy):
    def input_gradient(self, dx_hat: Array, x_hat: Array, inverse: Array, axes: Axes) -> Array:
        return np.asarray(inverse * (dx_hat - self.average(dx_hat, axes)))


@fault(clause="LN.grad", category="gradient", says="gain applied after the means instead of inside them")
class GainAfterTheMeans(NumPy):
    def layer_norm_gradient(self, case: LayerNorm, dy: Array, mean: Array, var: Array) -> dict[str, Array]:
        found = super().layer_norm_gradient(replace(case, gain=None), dy, mean, var)
        right = super().layer_norm_gradient(case, dy, mean, var)
        return right | {"dx": self.affine(found["dx"], case.gain, None)}


@fault(clause="LN.grad", category="divisor", says="dgain and dbias averaged over the samples")
class AffineGradientAveraged(NumPy):
    def affine_gradient(self, dy: Array, x_hat: Array, axes: Axes, **parameters: Array | None) -> dict[str, Array]:
        found = super().affine_gradient(dy, x_hat, axes, **parameters)
        return {name: value / (dy.size // value.size) for name, value in found.items()}


@fault(clause="LN.grad", category="axis", says="dgain and dbias of the first sample alone")
class FirstSampleAlone(NumPy):
    def affine_gradient(self, dy: Array, x_hat: Array, axes: Axes, **parameters: Array | None) -> dict[str, Array]:
        return super().affine_gradient(dy[:1] if axes else dy, x_hat[:1] if axes else x_hat, axes, **parameters)


@fault(clause="LN.grad", category="gradient", says="dgain from the input that is centred but not scaled")
class GainGradientUnscaled(NumPy):
    def layer_affine_gradient(self, case: LayerNorm, dy: Array, x_hat: Array) -> dict[str, Array]:
        axes = self.layer_axes(case.x, case.normalized_rank)
        return super().layer_affine_gradient(case, dy, case.x - self.average(case.x, axes))


@fault(clause="LN.samples-independent", category="axis", says="one mean and one variance for all samples")
class SamplesTogether(NumPy):
    def layer_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        return super().layer_moments(x, tuple(range(x.ndim)))


@fault(clause="LN.samples-independent", category="axis", says="a thousandth of the neighbouring sample's mean")
class NeighbourLeaks(NumPy):
    def layer_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        mean, var = super().layer_moments(x, axes)
        return mean + 0.001 * (np.roll(mean, 1, 0) - mean), var


@fault(
    clause="LN.samples-independent",
    category="special value",
    says="zero times the batch's sum is added: NaN crosses over",
)
class BlendedByZero(NumPy):
    def layer_norm(self, case: LayerNorm) -> dict[str, Array]:
        arrays = super().layer_norm(case)
        return arrays | {"y": arrays["y"] + 0 * self.total(case.x, tuple(range(case.x.ndim)))}


@fault(clause="LN.mode-free", category="epsilon", says="inference takes another epsilon")
class OtherEpsilonInInference(NumPy):
    def layer_norm(self, case: LayerNorm) -> dict[str, Array]:
        return super().layer_norm(case if case.training else replace(case, eps=10 * case.eps))


@fault(clause="LN.mode-free", category="mode", says="inference forgets the gain")
class GainForgottenInInference(NumPy):
    def layer_norm(self, case: LayerNorm) -> dict[str, Array]:
        arrays = super().layer_norm(case)
        if not case.training:
            arrays["y"] = super().layer_norm(replace(case, gain=None, dy=None))["y"]
        return arrays


@fault(clause="LN.mode-free", category="mode", says="the gradient of inference takes the statistics for constants")
class ConstantInInference(NumPy):
    def layer_norm_gradient(self, case: LayerNorm, dy: Array, mean: Array, var: Array) -> dict[str, Array]:
        found = super().layer_norm_gradient(case, dy, mean, var)
        if not case.training:
            found["dx"] = self.affine(dy, case.gain, None) * self.inverse_root(var, case.eps)
        return found
