"""Wrong dropout masks: means, dependence between elements, and slices that are not dropped as a whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adapters.base import Array, Dropout
from adapters.numpy import NumPy

from ..registry import fault


@fault(
    clause="DO.rate",
    category="dtype",
    says="rate rounded to a multiple of 1/256",
    tracker="https://github.com/NVIDIA/apex/pull/1614",
)
class RateInEightBits(NumPy):
    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return super().mask(shape, round(256 * rate) / 256, seed)


@fault(clause="DO.rate", category="mask", says="p and 1 - p swapped above a half alone")
class RateSwappedAboveHalf(NumPy):
    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return super().mask(shape, min(rate, 1 - rate), seed)


@fault(clause="DO.rate", category="dtype", says="rate cut to the upper half of a float32, rounded up: 0.9999 is 1")
class RateRoundedUp(NumPy):
    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        bits = (np.float32(rate).view(np.uint32) + np.uint32(0xFFFF)) & np.uint32(0xFFFF0000)
        return super().mask(shape, float(bits.view(np.float32)), seed)


@fault(clause="DO.expectation", category="scale", says="scale 1/p for 1/(1 - p)")
class MeanScaledByRate(NumPy):
    def dropout_scale(self, rate: float) -> float:
        return 1 / rate if rate else 1.0


@fault(clause="DO.expectation", category="scale", says="no scale")
class MeanUnscaled(NumPy):
    def dropout_scale(self, rate: float) -> float:
        return 1.0


@fault(clause="DO.expectation", category="scale", says="scaled twice")
class MeanScaledTwice(NumPy):
    def dropout_scale(self, rate: float) -> float:
        return super().dropout_scale(rate) ** 2


@fault(clause="DO.expectation", category="scale", says="multiplied by 1 - p, as in inference of the first paper")
class MeanShrunk(NumPy):
    def dropout_scale(self, rate: float) -> float:
        return 1 - rate


@fault(clause="DO.expectation", category="mask", says="nothing is dropped: the mean is right, the variance 0")
class NothingDropped(NumPy):
    def dropout_train(self, case: Dropout) -> dict[str, Array]:
        return self.dropout_eval(case)


@fault(clause="DO.expectation", category="gradient", says="gradient not scaled")
class MeanGradientUnscaled(NumPy):
    def drop_gradient(self, dy: Array, keep: Array, rate: float) -> Array:
        return np.where(keep, dy, 0)


@fault(clause="DO.independent", category="mask", says="one mask for all samples")
class OneMaskForTheBatch(NumPy):
    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return np.broadcast_to(super().mask((1, *shape[1:]), rate, seed), shape)


@fault(clause="DO.independent", category="mask", says="one mask for all channels")
class OneMaskForTheChannels(NumPy):
    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        one = tuple(1 if axis == 1 else size for axis, size in enumerate(shape))
        return np.broadcast_to(super().mask(one, rate, seed), shape)


@fault(clause="DO.independent", category="seed", says="one mask for all calls")
class OneMaskForAllCalls(NumPy):
    def dropout_train(self, case: Dropout) -> dict[str, Array]:
        return super().dropout_train(replace(case, call=1))


@fault(clause="DO.independent", category="seed", says="an even seed and the next give one mask")
class SeedsInPairs(NumPy):
    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return super().mask(shape, rate, (seed + 1) // 2 if seed % 4 in (0, 3) else seed // 2)


class Altered(NumPy):
    """A sound mask, then changed in place."""

    def alter(self, mask: Array, rate: float, seed: int) -> None:
        raise NotImplementedError

    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        mask = super().mask(shape, rate, seed)
        self.alter(mask, rate, seed)
        return mask


@fault(clause="DO.independent", category="mask", says="a tenth of every second row repeats the row before")
class RowsCorrelated(Altered):
    def alter(self, mask: Array, rate: float, seed: int) -> None:
        if mask.ndim > 1:
            count = mask.shape[-2] // 2
            repeated = np.random.default_rng(seed + 1).random(mask[..., 1 : 2 * count : 2, :].shape) < 0.1
            first, second = mask[..., 0 : 2 * count : 2, :], mask[..., 1 : 2 * count : 2, :]
            second[repeated] = first[repeated]


@fault(clause="DO.independent", category="layout", says="the last element is never dropped")
class LastNeverDropped(Altered):
    def alter(self, mask: Array, rate: float, seed: int) -> None:
        mask.reshape(-1)[-1:] = True


@fault(
    clause="DO.independent",
    category="mask",
    says="the vector's tail draws from a stream of its own, which starts as the body's does",
)
class TailRepeatsHead(Altered):
    def alter(self, mask: Array, rate: float, seed: int) -> None:
        flat, tail = mask.reshape(-1), mask.size % 8
        if tail < flat.size:
            flat[flat.size - tail :] = flat[:tail]


@fault(clause="DO.independent", category="mask", says="the second half is the first one again")
class HalvesEqual(Altered):
    def alter(self, mask: Array, rate: float, seed: int) -> None:
        flat, half = mask.reshape(-1), mask.size // 2
        flat[flat.size - half :] = flat[:half]


@fault(clause="DO.independent", category="seed", says="a generator of period 1024")
class ShortPeriod(Altered):
    def alter(self, mask: Array, rate: float, seed: int) -> None:
        flat = mask.reshape(-1)
        flat[:] = np.resize(flat[:1024], flat.size)


@fault(clause="DO.independent", category="mask", says="the dropped come in pairs")
class DroppedInPairs(Altered):
    def alter(self, mask: Array, rate: float, seed: int) -> None:
        flat, even = mask.reshape(-1), mask.size // 2 * 2
        flat[1:even:2] = flat[0:even:2]


class Sharing(NumPy):
    """Drops slices, but others than it was asked for."""

    def along(self, case: Dropout) -> tuple[int, ...]:
        raise NotImplementedError

    def dropout_train(self, case: Dropout) -> dict[str, Array]:
        return super().dropout_train(replace(case, shared=self.along(case)) if case.shared else case)


@fault(
    clause="DO.shared",
    category="mask",
    says="the mask is not shared at all",
    tracker="https://github.com/csarofeen/pytorch/pull/1888",
)
class MaskNotShared(Sharing):
    def along(self, case: Dropout) -> tuple[int, ...]:
        return ()


@fault(clause="DO.shared", category="axis", says="the axes are counted from the other end")
class AxesTransposed(Sharing):
    def along(self, case: Dropout) -> tuple[int, ...]:
        return tuple(case.x.ndim - 1 - axis for axis in case.shared)


@fault(clause="DO.shared", category="mask", says="of several axes the first alone is shared")
class FirstAxisAlone(Sharing):
    def along(self, case: Dropout) -> tuple[int, ...]:
        return case.shared[:1]


@fault(clause="DO.shared", category="mask", says="the mask is shared across the batch too")
class SharedAcrossTheBatch(Sharing):
    def along(self, case: Dropout) -> tuple[int, ...]:
        return (0, *case.shared)


@fault(clause="DO.shared", category="mask", says="whole features are dropped a third too often")
class FeaturesTooOften(NumPy):
    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return super().mask(shape, rate * 4 / 3 if 1 in shape else rate, seed)


@fault(clause="DO.shared", category="scale", says="a feature that is kept is scaled once for each of its axes")
class ScaledByAxis(NumPy):
    def dropout_train(self, case: Dropout) -> dict[str, Array]:
        arrays = super().dropout_train(case)
        if len(case.shared) > 1:
            arrays["y"] *= arrays["y"].dtype.type(self.dropout_scale(case.rate) ** (len(case.shared) - 1))
        return arrays


@fault(clause="DO.shared", category="mask", says="lanes that are to draw together draw each for itself")
class LanesDrawApart(NumPy):
    def lane_masks(self, case: Dropout) -> Array:
        return self.mask(case.x.shape, case.rate, case.seed)


@fault(clause="DO.shared", category="gradient", says="lanes that draw together have each a gradient of its own mask")
class LanesGradientApart(NumPy):
    def drop_gradient(self, dy: Array, keep: Array, rate: float) -> Array:
        if keep.ndim == 3 and not keep.strides[0]:
            keep = self.mask(keep.shape, rate, dy.size)
        return super().drop_gradient(dy, keep, rate)


@fault(clause="DO.bad-input", category="validation", says="lanes that are not told how to draw draw each for itself")
class LanesUntold(NumPy):
    def told(self, case: Dropout) -> bool:
        return True


@fault(clause="DO.bad-input", category="validation", says="x is spread over a mask that is larger")
class SpreadOverTheMask(NumPy):
    def spread(self, keep: Array, case: Dropout) -> Array:
        return keep if np.broadcast_shapes(keep.shape, case.x.shape) == keep.shape else super().spread(keep, case)


@fault(clause="DO.bad-input", category="validation", says="the surplus of a mask is cut off")
class SurplusCut(NumPy):
    def spread(self, keep: Array, case: Dropout) -> Array:
        if keep.ndim == case.x.ndim:
            keep = keep[tuple(slice(size) for size in case.x.shape)]
        return super().spread(keep, case)
