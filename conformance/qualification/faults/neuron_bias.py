"""Wrong layers of neurons: their biases, none of their inputs, and what they let pass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adapters.base import Array, Dense
from adapters.numpy import NumPy

from ..registry import fault


@fault(clause="NE.bias", category="axis", says="a bias leaks into the next neuron")
class BiasLeaks(NumPy):
    def add_bias(self, z: Array, bias: Array | None) -> Array:
        return super().add_bias(z, None if bias is None else bias + np.roll(bias, 1) / 1024)


@fault(clause="NE.bias", category="axis", says="a bias for each input")
class BiasForEachInput(NumPy):
    def dense(self, case: Dense) -> dict[str, Array]:
        bias = None if case.bias is None else case.bias * case.weight.shape[1]
        return super().dense(replace(case, bias=bias))


@fault(clause="NE.bias", category="gradient", says="gradients of neighbouring biases exchanged")
class BiasGradientsExchanged(NumPy):
    def bias_gradient(self, dz: Array) -> Array:
        return np.roll(super().bias_gradient(dz), 1)


@fault(clause="NE.bias", category="formula", says="a layer without bias has one all the same")
class BiasUnasked(NumPy):
    def dense(self, case: Dense) -> dict[str, Array]:
        bias = np.zeros(len(case.weight), case.x.dtype) if case.bias is None else case.bias
        return super().dense(replace(case, bias=bias))


@fault(
    clause="NE.zero-features",
    category="special value",
    says="memory that nothing was written to",
    tracker="https://github.com/pytorch/pytorch/pull/175905",
)
class NothingWritten(NumPy):
    def product(self, a: Array, b: Array) -> Array:
        return super().product(a, b) if len(b) else np.full((len(a), b.shape[1]), 7, a.dtype)


@fault(clause="NE.zero-features", category="special value", says="no inputs, no bias")
class BiasGoesWithInputs(NumPy):
    def dense(self, case: Dense) -> dict[str, Array]:
        found = super().dense(case)
        return found if case.x.size else found | {"y": np.zeros_like(found["y"])}


@fault(clause="NE.zero-features", category="divisor", says="a division by the number of inputs")
class DividedByInputs(NumPy):
    def weigh(self, rows: Array, weight: Array) -> Array:
        return np.asarray(super().weigh(rows, weight) * (weight.shape[1] // weight.shape[1]))


@fault(clause="NE.bad-input", category="validation", says="one bias spread over all neurons")
class SingleBiasSpread(NumPy):
    def dense(self, case: Dense) -> dict[str, Array]:
        if case.bias is not None and case.bias.size == 1:
            return super().dense(replace(case, bias=np.repeat(case.bias, len(case.weight))))
        return super().dense(case)


@fault(clause="NE.bad-input", category="validation", says="biases too many are left out")
class SpareBiasesDropped(NumPy):
    def dense(self, case: Dense) -> dict[str, Array]:
        return super().dense(replace(case, bias=None if case.bias is None else case.bias[: len(case.weight)]))


@fault(clause="NE.bad-input", category="validation", says="weights too many are left out")
class SpareWeightsDropped(NumPy):
    def dense(self, case: Dense) -> dict[str, Array]:
        inputs = case.x.shape[-1] if case.x.ndim else 1
        return super().dense(replace(case, weight=case.weight[:, :inputs]))


@fault(clause="NE.bad-input", category="validation", says="a scalar taken for a vector")
class ScalarPromoted(NumPy):
    def dense(self, case: Dense) -> dict[str, Array]:
        return super().dense(replace(case, x=np.full(case.weight.shape[1], case.x)) if not case.x.ndim else case)
