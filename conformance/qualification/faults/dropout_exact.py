"""Wrong dropout: seeds, special values, shapes, and rates that nobody checks."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from adapters.base import Array, Case, Dropout, Outcome
from adapters.numpy import NumPy

from ..registry import fault


@fault(
    clause="DO.seed",
    category="seed",
    says="one mask for all seeds",
    tracker="https://github.com/PaddlePaddle/Paddle/issues/7796",
)
class SeedIgnored(NumPy):
    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return super().mask(shape, rate, 0)


@fault(clause="DO.seed", category="seed", says="the seed loses its upper sixteen bits")
class SeedCutShort(NumPy):
    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return super().mask(shape, rate, seed % 2**16)


@fault(clause="DO.seed", category="dtype", says="the seed passes through float32")
class SeedRounded(NumPy):
    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return super().mask(shape, rate, int(np.float32(seed)))


@fault(clause="DO.seed", category="seed", says="every call after seeding draws the same mask")
class StreamStandsStill(NumPy):
    def dropout_train(self, case: Dropout) -> dict[str, Array]:
        return super().dropout_train(replace(case, call=1))


@fault(
    clause="DO.seed",
    category="seed",
    says="the seed is not used: two calls never agree",
    tracker="https://github.com/facebookresearch/xformers/issues/173",
)
class NeverTheSame(NumPy):
    calls = 0

    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        self.calls += 1
        return super().mask(shape, rate, seed + self.calls)


@fault(clause="DO.seed", category="seed", says="the mask is drawn from a hash of the values")
class MaskFromTheValues(NumPy):
    def dropout_train(self, case: Dropout) -> dict[str, Array]:
        first = float(np.nan_to_num(case.x.flat[0]))
        return super().dropout_train(replace(case, seed=case.seed + abs(hash(first)) % 1000))


@fault(
    clause="DO.special",
    category="special value",
    says="a multiplication by the mask where selection is declared: dropped NaN stays",
)
class MultipliedByTheMask(NumPy):
    def drop(self, x: Array, keep: Array, rate: float) -> Array:
        return np.asarray(x * keep * x.dtype.type(self.dropout_scale(rate)))


@fault(clause="DO.special", category="layout", says="the body of the vector selects, its tail multiplies")
class TailMultiplies(NumPy):
    def drop(self, x: Array, keep: Array, rate: float) -> Array:
        y = super().drop(x, keep, rate)
        tail = slice(x.size - x.size % 16, None)
        y.reshape(-1)[tail] = (x * keep * x.dtype.type(self.dropout_scale(rate))).reshape(-1)[tail]
        return y


@fault(clause="DO.special", category="special value", says="a NaN is never dropped")
class DroppedNaNKept(NumPy):
    def drop(self, x: Array, keep: Array, rate: float) -> Array:
        return super().drop(x, keep | np.isnan(x), rate)


@fault(clause="DO.special", category="special value", says="kept infinities become the largest number")
class InfinityClipped(NumPy):
    def drop(self, x: Array, keep: Array, rate: float) -> Array:
        y = super().drop(x, keep, rate)
        return np.where(np.isinf(y), np.copysign(np.finfo(x.dtype).max, y), y).astype(x.dtype)


@fault(clause="DO.special", category="special value", says="the gradient multiplies by the mask, the output selects")
class GradientMultiplies(NumPy):
    def drop_gradient(self, dy: Array, keep: Array, rate: float) -> Array:
        return np.asarray(dy * keep * dy.dtype.type(self.dropout_scale(rate)))


@fault(clause="DO.shape", category="state", says="drops in place")
class InPlace(NumPy):
    def answer(self, case: Case) -> Outcome:
        outcome = super().answer(case)
        return Outcome(outcome.arrays, {"x": outcome.arrays["y"].copy()}) if isinstance(case, Dropout) else outcome


@fault(clause="DO.shape", category="axis", says="an axis of size 1 is lost")
class AxisLost(NumPy):
    def drop(self, x: Array, keep: Array, rate: float) -> Array:
        return np.squeeze(super().drop(x, keep, rate))


@fault(clause="DO.shape", category="validation", says="an empty input is refused")
class EmptyRefused(NumPy):
    def dropout(self, case: Dropout) -> dict[str, Array]:
        if not case.x.size:
            raise ValueError("nothing to drop")
        return super().dropout(case)


class Unchecked(NumPy):
    """Takes any rate for which ``passes`` is true."""

    def passes(self, rate: float) -> bool:
        raise NotImplementedError

    def dropout(self, case: Dropout) -> dict[str, Array]:
        if not 0 <= case.rate <= 1 and self.passes(case.rate):
            return self.dropout_train(case) if case.training else self.dropout_eval(case)
        return super().dropout(case)


@fault(clause="DO.bad-input", category="validation", says="NaN passes the check")
class NotANumberPasses(Unchecked):
    def passes(self, rate: float) -> bool:
        return math.isnan(rate)


@fault(clause="DO.bad-input", category="validation", says="a negative rate passes")
class NegativePasses(Unchecked):
    def passes(self, rate: float) -> bool:
        return rate < 0


@fault(clause="DO.bad-input", category="validation", says="a rate above one passes")
class LargePasses(Unchecked):
    def passes(self, rate: float) -> bool:
        return rate > 1
