"""Wrong layers of neurons."""

from __future__ import annotations

import numpy as np

from adapters.base import Array, Dense
from adapters.numpy import NumPy

from ..registry import fault


@fault(
    clause="NE.output",
    category="formula",
    says="no bias",
    tracker="https://github.com/tenstorrent/tt-metal/issues/5237",
)
class BiasMissing(NumPy):
    def add_bias(self, z: Array, bias: Array | None) -> Array:
        return z


@fault(clause="NE.output", category="formula", says="bias added twice")
class BiasTwice(NumPy):
    def add_bias(self, z: Array, bias: Array | None) -> Array:
        return super().add_bias(super().add_bias(z, bias), bias)


@fault(clause="NE.output", category="axis", says="bias of the last neuron alone")
class LastBiasAlone(NumPy):
    def add_bias(self, z: Array, bias: Array | None) -> Array:
        if bias is None:
            return z
        return super().add_bias(z, np.where(np.arange(len(bias)) == len(bias) - 1, bias, 0))


@fault(clause="NE.output", category="axis", says="bias on the first sample alone")
class FirstSampleBiased(NumPy):
    def add_bias(self, z: Array, bias: Array | None) -> Array:
        return np.concatenate([super().add_bias(z[:1], bias), z[1:]])


@fault(clause="NE.output", category="axis", says="one bias for all neurons: the first")
class BiasShared(NumPy):
    def add_bias(self, z: Array, bias: Array | None) -> Array:
        return super().add_bias(z, None if bias is None else bias[:1])


@fault(clause="NE.output", category="axis", says="weight transposed, where it is square")
class WeightTransposed(NumPy):
    def weigh(self, rows: Array, weight: Array) -> Array:
        square = weight.shape[0] == weight.shape[1]
        return super().weigh(rows, weight.T if square else weight)


@fault(clause="NE.output", category="dtype", says="products and sums in float16")
class HalfPrecisionProducts(NumPy):
    def product(self, a: Array, b: Array) -> Array:
        return np.asarray(np.matmul(a.astype(np.float16), b.astype(np.float16)).astype(a.dtype))


@fault(clause="NE.output", category="layout", says="inputs beyond a multiple of eight left out")
class TailLeftOut(NumPy):
    def weigh(self, rows: Array, weight: Array) -> Array:
        inputs = weight.shape[1]
        whole = inputs - inputs % 8 if inputs > 8 else inputs
        return super().weigh(rows[:, :whole], weight[:, :whole])


@fault(clause="NE.output", category="formula", says="bias added after the activation")
class BiasAfterActivation(NumPy):
    def dense(self, case: Dense) -> dict[str, Array]:
        arrays = super().dense(case)
        z = self.weigh(case.x.reshape(-1, case.x.shape[-1]), case.weight)
        y = self.add_bias(self.forward(case.activation, z), case.bias)
        return arrays | {"y": y.reshape(arrays["y"].shape)}


@fault(clause="NE.grad", category="divisor", says="db averaged over the samples")
class BiasGradientAveraged(NumPy):
    def bias_gradient(self, dz: Array) -> Array:
        return super().bias_gradient(dz) / len(dz)


@fault(clause="NE.grad", category="axis", says="every bias gets the sum over all neurons")
class BiasGradientShared(NumPy):
    def bias_gradient(self, dz: Array) -> Array:
        found = super().bias_gradient(dz)
        return np.full_like(found, found.sum())


@fault(clause="NE.grad", category="layout", says="dW without the last sample")
class LastSampleLeftOut(NumPy):
    def weight_gradient(self, dz: Array, rows: Array) -> Array:
        return super().weight_gradient(dz[:-1], rows[:-1])


@fault(clause="NE.grad", category="divisor", says="dW averaged over the samples")
class WeightGradientAveraged(NumPy):
    def weight_gradient(self, dz: Array, rows: Array) -> Array:
        return super().weight_gradient(dz, rows) / len(dz)


@fault(clause="NE.grad", category="axis", says="dx by the transposed weight, where it is square")
class InputGradientTransposed(NumPy):
    def dense_input_gradient(self, dz: Array, weight: Array) -> Array:
        square = weight.shape[0] == weight.shape[1]
        return super().dense_input_gradient(dz, weight.T if square else weight)


@fault(clause="NE.grad", category="gradient", says="the activation's derivative left out")
class DerivativeMissing(NumPy):
    def backward(self, name: str | None, dy: Array, x: Array, **parameters: float) -> Array:
        return dy.copy()


@fault(clause="NE.grad", category="gradient", says="the derivative taken at the output instead of the weighted sum")
class DerivativeAtOutput(NumPy):
    def backward(self, name: str | None, dy: Array, x: Array, **parameters: float) -> Array:
        return super().backward(name, dy, self.forward(name, x, **parameters), **parameters)


@fault(clause="NE.shape", category="axis", says="leading axes flattened")
class LeadingAxesFlattened(NumPy):
    def dense(self, case: Dense) -> dict[str, Array]:
        arrays = super().dense(case)
        return arrays | {"y": arrays["y"].reshape(-1, len(case.weight))}


@fault(clause="NE.shape", category="axis", says="an axis of one neuron squeezed away")
class SingleNeuronSqueezed(NumPy):
    def dense(self, case: Dense) -> dict[str, Array]:
        arrays = super().dense(case)
        return arrays | {"y": arrays["y"][..., 0]} if len(case.weight) == 1 else arrays


@fault(clause="NE.shape", category="axis", says="dW in the other layout, [in, out]")
class WeightGradientTransposed(NumPy):
    def weight_gradient(self, dz: Array, rows: Array) -> Array:
        return super().weight_gradient(dz, rows).T


@fault(clause="NE.shape", category="axis", says="db of a single bias for all neurons")
class SingleBiasGradient(NumPy):
    def bias_gradient(self, dz: Array) -> Array:
        return np.asarray(super().bias_gradient(dz).sum(keepdims=True))
