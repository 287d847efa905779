"""Faults of layer normalization, neurons, dropout and stacks that frameworks had, each as its tracker tells it."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np

from adapters.base import Activation, Array, BatchNorm, Case, Dense, Dropout, DropoutKin, LayerNorm, Outcome, Stack
from adapters.numpy import NumPy

from ..registry import fault
from .sixteen_bits import Sixteen

Shape = tuple[int, ...]


@fault(
    clause="LN.grad",
    category="axis",
    says="the gradient takes x for a matrix: where there are two sample axes its means are of a whole first one",
    tracker="https://github.com/flagos-ai/FlagGems/issues/5392",
)
class GradientOfAMatrix(NumPy):
    def layer_norm_gradient(self, case: LayerNorm, dy: Array, mean: Array, var: Array) -> dict[str, Array]:
        found = super().layer_norm_gradient(case, dy, mean, var)
        if case.x.ndim - case.normalized_rank > 1:
            x_hat = self.normalize(case.x, mean, var, case.eps)
            features = tuple(range(1, case.x.ndim))
            inverse = self.inverse_root(var, case.eps)
            found["dx"] = self.input_gradient(self.affine(dy, case.gain, None), x_hat, inverse, features)
        return found


@fault(
    clause="LN.large",
    category="layout",
    says="of more than 1024 samples those beyond a multiple of 16 are left out of dgain and dbias",
    tracker="https://github.com/BobMcDear/attorch/issues/18",
)
class LastBlockOfSamples(NumPy):
    def layer_affine_gradient(self, case: LayerNorm, dy: Array, x_hat: Array) -> dict[str, Array]:
        samples = math.prod(case.x.shape[: case.x.ndim - case.normalized_rank])
        if samples > 1024:
            features = case.x.shape[case.x.ndim - case.normalized_rank :]
            whole = samples // 16 * 16
            dy, x_hat = (value.reshape(samples, *features)[:whole] for value in (dy, x_hat))
            return self.affine_gradient(dy, x_hat, (0,), gain=case.gain, bias=case.bias)
        return super().layer_affine_gradient(case, dy, x_hat)


@fault(
    clause="LN.constant",
    category="epsilon",
    says="variance and eps are rounded to float16 before the root: an eps of 1e-12 is none",
    tracker="https://github.com/deepspeedai/DeepSpeed/issues/581",
    only={"dtype": "float16"},
)
class EpsilonInHalf(Sixteen):
    def inverse_root(self, var: Array, eps: float) -> Array:
        return np.asarray(1 / np.sqrt(self.rounded(var + var.dtype.type(eps)))).astype(var.dtype)


@fault(
    clause="LN.multi-axis",
    category="axis",
    says="of more than 65536 samples dgain and dbias come out flat where the normalized shape has several axes",
    tracker="https://github.com/pytorch/pytorch/pull/192016",
    survives="no clause asks so many samples of a normalized shape of several axes; LN.many with rank 2 would",
)
class AffineGradientFlat(NumPy):
    def layer_affine_gradient(self, case: LayerNorm, dy: Array, x_hat: Array) -> dict[str, Array]:
        found = super().layer_affine_gradient(case, dy, x_hat)
        samples = math.prod(case.x.shape[: case.x.ndim - case.normalized_rank])
        return {name: value.reshape(-1) for name, value in found.items()} if samples > 2**16 else found


@fault(
    clause="NE.grad",
    category="axis",
    says="dbias is summed over the last of several leading axes alone, of the first sample",
    tracker="https://github.com/nntrainer/nntrainer/issues/1202",
)
class BiasGradientOverOneAxis(NumPy):
    def dense(self, case: Dense) -> dict[str, Array]:
        arrays = super().dense(case)
        if "dbias" in arrays and case.x.ndim > 2:
            assert case.dy is not None
            first = (0,) * (case.x.ndim - 2)
            arrays["dbias"] = super().dense(replace(case, x=case.x[first].copy(), dy=case.dy[first].copy()))["dbias"]
        return arrays


@fault(
    clause="NE.output",
    category="layout",
    says="a weight that is not contiguous is read in the order of memory",
    tracker="https://github.com/pytorch/pytorch/pull/51713",
    survives="every clause of neurons asks contiguous arrays; one that lays x, weight and bias as LN.layout does would",
)
class WeightInMemoryOrder(NumPy):
    def dense(self, case: Dense) -> dict[str, Array]:
        return super().dense(replace(case, weight=case.weight.ravel(order="K").reshape(case.weight.shape)))


@fault(
    clause="NE.output",
    category="layout",
    says="with a bias, and x of rank 3, a row beyond the first 65536 is written over another one",
    tracker="https://github.com/pytorch/pytorch/issues/189495",
    survives="no clause asks more than 65536 samples of neurons; one of many samples, as BN.many, would",
)
class RowsWrapAround(NumPy):
    def dense(self, case: Dense) -> dict[str, Array]:
        arrays = super().dense(case)
        if case.bias is not None and case.x.ndim == 3 and len(case.x) > 2**16:
            y = arrays["y"].copy()
            y[: len(y) - 2**16] = y[2**16 :]
            arrays["y"] = y
        return arrays


@fault(
    clause="DO.one",
    category="special value",
    says="a rate of 1 divides by zero, and raises",
    tracker="https://github.com/pytorch/pytorch/issues/100025",
)
class RateOneRaises(NumPy):
    def dropout_scale(self, rate: float) -> float:
        return 1 / (1 - rate)


@fault(
    clause="DO.seed",
    category="mask",
    says="the mask of the gradient is read off output and input: where x is 0 everything passes",
    tracker="https://github.com/kaldi-asr/kaldi/issues/3890",
)
class MaskReadOffTheOutput(NumPy):
    def dropout_train(self, case: Dropout) -> dict[str, Array]:
        arrays = super().dropout_train(case)
        if case.dy is not None:
            arrays["dx"] = np.where(case.x == 0, case.dy, arrays["dx"])
        return arrays


@fault(
    clause="DO.shared",
    category="mask",
    says="of the axes of an image the last alone is shared: rows are dropped, not channels",
    tracker="https://github.com/pytorch/pytorch/issues/69801",
)
class RowsForChannels(NumPy):
    def dropout_train(self, case: Dropout) -> dict[str, Array]:
        return super().dropout_train(replace(case, shared=case.shared[-1:]))


@fault(
    clause="DO.gaussian",
    category="formula",
    says="the noise is added, not multiplied",
    tracker="https://github.com/keras-team/keras/pull/5665",
)
class NoiseAdded(NumPy):
    def gaussian_dropout(self, case: DropoutKin) -> dict[str, Array]:
        if not case.training:
            return self.untouched(case)
        z = self.noise(case.x.shape, case.seed)
        y = (case.x + self.spread_of_noise(case.rate) * z).astype(case.x.dtype)
        return {"y": y} | ({} if case.dy is None else {"dx": case.dy.copy()})


@fault(
    clause="DO.attention",
    category="seed",
    says="attention has one seed for ever",
    tracker="https://github.com/Dao-AILab/flash-attention/issues/2088",
)
class AttentionHasOneSeed(NumPy):
    def drop_weights(self, weights: Array, case: DropoutKin) -> Array:
        return super().drop_weights(weights, replace(case, seed=0x1BF58))


@fault(
    clause="NET.stack",
    category="composition",
    says="in inference batch norm is folded into neurons without a bias, and mean and beta are lost",
    tracker="https://github.com/tenstorrent/tt-metal/pull/5317",
    survives="NET.stack asks layers in training, and neurons with a bias; stacks in inference would",
)
class FoldedWithoutBias(NumPy):
    def stack(self, case: Stack) -> Outcome:
        layers = list(case.layers)
        for index, (one, other) in enumerate(itertools.pairwise(layers)):
            if isinstance(one, Dense) and one.bias is None and isinstance(other, BatchNorm) and not other.training:
                assert other.running_mean is not None
                layers[index + 1] = replace(other, running_mean=np.zeros_like(other.running_mean), beta=None)
        return super().stack(replace(case, layers=tuple(layers)))


@fault(
    clause="ACT.value",
    category="layout",
    says="softmax: in float64, rows of an odd width between 512 and 1024 do not sum up their last element",
    tracker="https://github.com/pytorch/pytorch/issues/147284",
    only={"activation": "softmax"},
    survives="rows are of at most some dozen elements; a clause of wide rows, as LN.large, would",
)
class SoftmaxOfOddWidth(NumPy):
    def answer(self, case: Case) -> Outcome:
        found = super().answer(case)
        width = case.x.shape[-1] if isinstance(case, Activation) and case.name == "softmax" else 0
        if 512 < width < 1024 and width % 2 and isinstance(case, Activation) and case.x.dtype == np.float64:
            y = found.arrays["y"]
            return Outcome({**found.arrays, "y": y / np.sum(y[..., :-1], -1, keepdims=True)}, found.state)
        return found
