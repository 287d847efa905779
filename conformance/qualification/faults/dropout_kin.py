"""Wrong kin of dropout: alpha dropout, Gaussian dropout, and dropout of attention weights."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from adapters.base import Array, DropoutKin
from adapters.numpy import NumPy

from ..registry import fault


@fault(clause="DO.alpha", category="formula", says="what is dropped becomes 0")
class AlphaDropsToZero(NumPy):
    def alpha_terms(self, rate: float) -> tuple[float, float, float]:
        _, scale, shift = super().alpha_terms(rate)
        return 0.0, scale, shift


@fault(clause="DO.alpha", category="scale", says="neither scale nor shift")
class AlphaWithoutAffine(NumPy):
    def alpha_terms(self, rate: float) -> tuple[float, float, float]:
        return super().alpha_terms(rate)[0], 1.0, 0.0


@fault(clause="DO.alpha", category="scale", says="scale and shift of 1 - p for p")
class AlphaSwapped(NumPy):
    def alpha_terms(self, rate: float) -> tuple[float, float, float]:
        return super().alpha_terms(1 - rate)


@fault(clause="DO.alpha", category="mask", says="drops a twentieth too often, with the scale and shift of the rate")
class AlphaTooOften(NumPy):
    def kin_mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return super().kin_mask(shape, 1.05 * rate, seed)


@fault(clause="DO.alpha", category="gradient", says="gradient not scaled")
class AlphaGradientUnscaled(NumPy):
    def alpha_dropout(self, case: DropoutKin) -> dict[str, Array]:
        arrays = super().alpha_dropout(case)
        return arrays | {"dx": np.where(arrays["dx"] != 0, 1, 0).astype(case.x.dtype)}


@fault(clause="DO.alpha", category="mask", says="one mask for all rows")
class AlphaSharedByRows(NumPy):
    def kin_mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return np.broadcast_to(super().kin_mask(shape[-1:], rate, seed), shape)


@fault(clause="DO.alpha", category="mode", says="drops in inference")
class AlphaInInference(NumPy):
    def alpha_dropout(self, case: DropoutKin) -> dict[str, Array]:
        return super().alpha_dropout(replace(case, training=True))


@fault(clause="DO.gaussian", category="scale", says="deviation of the root of p")
class DeviationOfTheRate(NumPy):
    def spread_of_noise(self, rate: float) -> float:
        return math.sqrt(rate)


@fault(clause="DO.gaussian", category="scale", says="the variance for the deviation")
class VarianceForDeviation(NumPy):
    def spread_of_noise(self, rate: float) -> float:
        return super().spread_of_noise(rate) ** 2


@fault(clause="DO.gaussian", category="formula", says="uniform noise of the right variance")
class UniformNoise(NumPy):
    def noise(self, shape: tuple[int, ...], seed: int) -> Array:
        return np.random.default_rng(seed).uniform(-math.sqrt(3), math.sqrt(3), shape)


@fault(clause="DO.gaussian", category="mask", says="one noise for all rows")
class NoiseSharedByRows(NumPy):
    def noise(self, shape: tuple[int, ...], seed: int) -> Array:
        return np.broadcast_to(super().noise(shape[-1:], seed), shape)


@fault(clause="DO.gaussian", category="gradient", says="a gradient with fresh noise")
class FreshNoise(NumPy):
    def gaussian_dropout(self, case: DropoutKin) -> dict[str, Array]:
        other = super().gaussian_dropout(replace(case, seed=case.seed ^ 1))
        return super().gaussian_dropout(case) | {"dx": other["dx"]}


@fault(clause="DO.gaussian", category="mode", says="noise in inference")
class NoiseInInference(NumPy):
    def gaussian_dropout(self, case: DropoutKin) -> dict[str, Array]:
        return super().gaussian_dropout(replace(case, training=True))


@fault(clause="DO.attention", category="mask", says="one mask for the batch")
class AttentionSharesTheBatch(NumPy):
    def kin_mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return np.broadcast_to(super().kin_mask(shape[1:], rate, seed), shape)


@fault(clause="DO.attention", category="mask", says="whole keys are dropped, for all queries")
class AttentionDropsKeys(NumPy):
    def kin_mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return np.broadcast_to(super().kin_mask((shape[0], 1, shape[2]), rate, seed), shape)


@fault(
    clause="DO.attention",
    category="formula",
    says="weights are dropped before the softmax: the others take what they leave",
)
class DroppedBeforeTheSoftmax(NumPy):
    def drop_weights(self, weights: Array, case: DropoutKin) -> Array:
        kept = super().drop_weights(weights, case)
        return np.asarray((kept / np.maximum(kept.sum(-1, keepdims=True), 1e-6)).astype(weights.dtype))


@fault(clause="DO.attention", category="scale", says="weights are not scaled")
class AttentionUnscaled(NumPy):
    def drop_weights(self, weights: Array, case: DropoutKin) -> Array:
        return np.where(super().drop_weights(weights, case) != 0, weights, 0)


@fault(clause="DO.attention", category="mode", says="drops in inference")
class AttentionInInference(NumPy):
    def drop_weights(self, weights: Array, case: DropoutKin) -> Array:
        return super().drop_weights(weights, replace(case, training=True))
