"""Wrong dropout: masks that another lane, layer, call, mode, process or recomputation should have, or should not."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from adapters.base import Array, Case, Dropout
from adapters.numpy import NumPy

from ..registry import fault
from .agreement import TwoModes


@fault(
    clause="DO.recomputed",
    category="seed",
    says="a recomputed forward pass draws from where the generator stands by then",
    tracker="https://github.com/openai/guided-diffusion/issues/167",
)
class RecomputedAfresh(NumPy):
    def drawn_again(self, case: Dropout, keep: Array) -> Array:
        return super().drawn_again(replace(case, call=case.call + 1), keep)


@fault(clause="DO.recomputed", category="mode", says="a recomputed forward pass is one of inference")
class RecomputedInInference(NumPy):
    def drawn_again(self, case: Dropout, keep: Array) -> Array:
        return np.ones_like(keep)


@fault(clause="DO.recomputed", category="scale", says="the gradient through a recomputed forward pass is not scaled")
class RecomputedUnscaled(NumPy):
    def dropout_train(self, case: Dropout) -> dict[str, Array]:
        arrays = super().dropout_train(case)
        if case.recomputed and case.dy is not None:
            arrays["dx"] = np.where(arrays["dx"] != 0, case.dy, 0)
        return arrays


@fault(clause="DO.neuron", category="gradient", says="a dropped neuron keeps a millionth of its gradient")
class DroppedNeuronLearns(NumPy):
    def drop_gradient(self, dy: Array, keep: Array, rate: float) -> Array:
        return np.where(keep, super().drop_gradient(dy, keep, rate), dy * dy.dtype.type(1e-6))


@fault(clause="DO.neuron", category="mask", says="a fresh mask in the backward pass")
class NeuronsOfAnotherMask(NumPy):
    def drop_gradient(self, dy: Array, keep: Array, rate: float) -> Array:
        return super().drop_gradient(dy, self.mask(dy.shape, rate, dy.size), rate)


@fault(
    clause="DO.neuron",
    category="gradient",
    says="weights behind a dropped neuron get the gradient of one that answers 1",
)
class WeightsSeeTheInput(NumPy):
    def weight_gradient(self, dz: Array, rows: Array) -> Array:
        return super().weight_gradient(dz, np.where(rows == 0, 1, rows).astype(rows.dtype))


@fault(clause="DO.independent", category="mask", says="one mask for all lanes")
class OneMaskForTheLanes(NumPy):
    def lane_masks(self, case: Dropout) -> Array:
        shape = case.mask_shape
        return np.broadcast_to(self.mask((1, *shape[1:]), case.rate, case.seed), shape)


@fault(clause="DO.independent", category="mask", says="a lane's gradient has the mask of the lane before it")
class LanesGradientShifted(NumPy):
    def dropout_train(self, case: Dropout) -> dict[str, Array]:
        arrays = super().dropout_train(case)
        if case.lanes and "dx" in arrays:
            arrays["dx"] = np.roll(arrays["dx"], 1, 0)
        return arrays


@fault(clause="DO.independent", category="seed", says="one mask for all layers")
class OneMaskForTheLayers(NumPy):
    def drawn(self, case: Dropout) -> Array:
        return super().drawn(replace(case, layer=1))


@fault(
    clause="DO.independent", category="mask", says="every second position of a small tensor is kept a little more often"
)
class PositionsFavoured(NumPy):
    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        random = np.random.default_rng(seed)
        size = int(np.prod(shape))
        lean = 0.1 * (1 - 2 * (np.arange(size) % 2)) if size < 1000 else np.zeros(size)
        return np.asarray(random.random(size) >= rate + lean).reshape(shape)


@fault(
    clause="DO.independent",
    category="mask",
    says="positions of a small tensor take turns: every second mask is the other half",
)
class PositionsTakeTurns(NumPy):
    last: Array | None = None

    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        mask = super().mask(shape, rate, seed)
        if mask.size >= 1000:
            return mask
        turn = mask if self.last is None or self.last.shape != shape else ~self.last
        self.last = None if turn is not mask else mask
        return turn


@fault(clause="DO.calls", category="seed", says="the stream repeats after eight calls")
class RepeatsAfterEightCalls(NumPy):
    def drawn(self, case: Dropout) -> Array:
        return super().drawn(replace(case, call=(case.call - 1) % 8 + 1))


@fault(clause="DO.calls", category="seed", says="every fourth call draws the mask of the one before it")
class FourthCallRepeats(NumPy):
    def drawn(self, case: Dropout) -> Array:
        return super().drawn(replace(case, call=case.call - (case.call % 4 == 0)))


@fault(
    clause="DO.seed",
    category="seed",
    says="the global seed is ignored",
    tracker="https://github.com/harvard-edge/cs249r_book/pull/1869",
)
class GlobalSeedIgnored(NumPy):
    def drawn(self, case: Dropout) -> Array:
        return super().drawn(replace(case, seed=0) if case.globally else case)


@fault(clause="DO.modes", category="mode", says="compiled code has another generator")
class CompiledDrawsOtherwise(TwoModes):
    def rewritten(self, case: Case, arrays: dict[str, Array]) -> dict[str, Array]:
        return arrays if not isinstance(case, Dropout) else dict(self.dropout(replace(case, seed=case.seed ^ 1)))


@fault(clause="DO.modes", category="mode", says="compiled code draws in columns")
class CompiledDrawsInColumns(TwoModes):
    def rewritten(self, case: Case, arrays: dict[str, Array]) -> dict[str, Array]:
        if isinstance(case, Dropout):
            shape = case.x.shape
            keep = self.mask(shape[::-1], case.rate, case.seed).T
            return {name: self.drop(case.x, keep, case.rate).astype(value.dtype) for name, value in arrays.items()}
        return arrays


@fault(clause="DO.process", category="seed", says="the seed is salted with the number of the process")
class SaltedSeed(NumPy):
    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return super().mask(shape, rate, seed + os.getpid())


#: What another process is asked.
ADAPTER = SaltedSeed()
