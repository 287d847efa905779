"""Wrong dropout: the scale, the mask, the gradient, and the two modes."""

from __future__ import annotations

import numpy as np

from adapters.base import Array, Dropout
from adapters.numpy import NumPy

from ..registry import fault


@fault(
    clause="DO.support",
    category="scale",
    says="scale 1/p for 1/(1 - p)",
    tracker="https://github.com/bennyfri/TFMacCpp/issues/6",
)
class ScaleOneOverRate(NumPy):
    def dropout_scale(self, rate: float) -> float:
        return 1 / rate if rate else 1.0


@fault(clause="DO.support", category="scale", says="no scale")
class ScaleMissing(NumPy):
    def dropout_scale(self, rate: float) -> float:
        return 1.0


@fault(clause="DO.support", category="scale", says="scaled twice")
class ScaledTwice(NumPy):
    def dropout_scale(self, rate: float) -> float:
        return super().dropout_scale(rate) ** 2


@fault(clause="DO.support", category="dtype", says="scale rounded to float16")
class ScaleInHalfPrecision(NumPy):
    def dropout_scale(self, rate: float) -> float:
        return float(np.float16(super().dropout_scale(rate)))


@fault(clause="DO.support", category="mask", says="dropped elements keep a thousandth of their value")
class DroppedNotToZero(NumPy):
    def drop(self, x: Array, keep: Array, rate: float) -> Array:
        return np.where(keep, super().drop(x, keep, rate), 0.001 * x)


@fault(
    clause="DO.rate",
    category="mask",
    says="dropped with 1 - p, kept with p",
    tracker="https://github.com/v-iashin/CS231n/pull/8",
)
class RateSwapped(NumPy):
    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return super().mask(shape, 1 - rate, seed)


@fault(clause="DO.rate", category="mask", says="rate a tenth too high")
class RateTenthTooHigh(NumPy):
    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return super().mask(shape, 1.1 * rate, seed)


@fault(clause="DO.rate", category="mask", says="rate a hundredth too high")
class RateHundredthTooHigh(NumPy):
    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return super().mask(shape, 1.01 * rate, seed)


@fault(clause="DO.rate", category="dtype", says="rate rounded to a multiple of 1/128")
class RateQuantized(NumPy):
    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return super().mask(shape, round(128 * rate) / 128, seed)


@fault(clause="DO.eval", category="scale", says="scaled in inference, as in the first paper, and in training too")
class ScaledInInference(NumPy):
    def dropout_eval(self, case: Dropout) -> dict[str, Array]:
        return {name: (1 - case.rate) * value for name, value in super().dropout_eval(case).items()}


@fault(clause="DO.eval", category="mode", says="drops in inference")
class DropsInInference(NumPy):
    def dropout_eval(self, case: Dropout) -> dict[str, Array]:
        return self.dropout_train(case)


@fault(clause="DO.eval", category="mode", says="inference multiplies by 1 - p and divides again: not the same bits")
class InferenceRounds(NumPy):
    def dropout_eval(self, case: Dropout) -> dict[str, Array]:
        keep = max(1 - case.rate, 0.001)
        return {name: keep * value / keep for name, value in super().dropout_eval(case).items()}


@fault(clause="DO.eval", category="special value", says="inference adds zero: negative zero loses its sign")
class NegativeZeroLost(NumPy):
    def dropout_eval(self, case: Dropout) -> dict[str, Array]:
        return {name: value + 0 for name, value in super().dropout_eval(case).items()}


@fault(clause="DO.eval", category="gradient", says="gradient of inference scaled")
class InferenceGradientScaled(NumPy):
    def dropout_eval(self, case: Dropout) -> dict[str, Array]:
        arrays = super().dropout_eval(case)
        if "dx" in arrays:
            arrays["dx"] *= arrays["dx"].dtype.type(self.dropout_scale(case.rate))
        return arrays


@fault(clause="DO.zero", category="mask", says="rate 0 still drops a few")
class RateZeroDrops(NumPy):
    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return super().mask(shape, max(rate, 1 / 128), seed)


@fault(
    clause="DO.zero", category="scale", says="a guard against division by zero in the scale changes the bits at rate 0"
)
class ScaleGuarded(NumPy):
    def dropout_scale(self, rate: float) -> float:
        return 1 / (1 - rate + 1e-6)


@fault(clause="DO.zero", category="gradient", says="no gradient at rate 0: the mask of the backward pass is empty")
class RateZeroWithoutGradient(NumPy):
    def drop_gradient(self, dy: Array, keep: Array, rate: float) -> Array:
        return super().drop_gradient(dy, keep & (rate > 0), rate)


@fault(clause="DO.one", category="special value", says="0/0 at rate 1")
class NotANumberAtRateOne(NumPy):
    def drop(self, x: Array, keep: Array, rate: float) -> Array:
        return np.asarray(x * keep / x.dtype.type(1 - rate))


@fault(clause="DO.one", category="special value", says="0/0 in the gradient alone at rate 1")
class GradientNotANumberAtRateOne(NumPy):
    def drop_gradient(self, dy: Array, keep: Array, rate: float) -> Array:
        return np.asarray(dy * keep / dy.dtype.type(1 - rate))


@fault(clause="DO.one", category="special value", says="rate 1 taken for no dropout at all")
class IdentityAtRateOne(NumPy):
    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return super().mask(shape, rate % 1, seed)


@fault(
    clause="DO.grad",
    category="mask",
    says="a fresh mask in the backward pass",
    tracker="https://github.com/pytorch/pytorch/pull/190759",
)
class FreshMask(NumPy):
    def drop_gradient(self, dy: Array, keep: Array, rate: float) -> Array:
        return super().drop_gradient(dy, self.mask(dy.shape, rate, dy.size), rate)


@fault(
    clause="DO.grad",
    category="mask",
    says="no mask in the backward pass",
    tracker="https://github.com/ddbourgin/numpy-ml/issues/94",
)
class MaskMissing(NumPy):
    def drop_gradient(self, dy: Array, keep: Array, rate: float) -> Array:
        return super().drop_gradient(dy, np.ones_like(keep), rate)


@fault(clause="DO.grad", category="scale", says="gradient not scaled")
class GradientUnscaled(NumPy):
    def drop_gradient(self, dy: Array, keep: Array, rate: float) -> Array:
        return np.where(keep, dy, 0)


@fault(clause="DO.grad", category="scale", says="gradient scaled twice")
class GradientScaledTwice(NumPy):
    def drop_gradient(self, dy: Array, keep: Array, rate: float) -> Array:
        return super().drop_gradient(super().drop_gradient(dy, keep, rate), keep, rate)
