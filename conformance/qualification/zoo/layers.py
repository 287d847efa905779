"""Sound layers: other orders of summation, other algorithms for the statistics, other forms of the same formula.

``SOUND`` is the list of entries with id, says and adapter. No clause may catch any of them: a bound that does is too
tight. For the statistics: Welford, Technometrics 4 (1962); Chan, Golub & LeVeque, The American Statistician 37 (1983).
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from adapters._numpy_normalization import Axes, side_by_side
from adapters.base import Array, BatchNorm, Case, Dropout, Outcome, Stack, Subject
from adapters.numpy import NumPy

from ..registry import sound
from .sums import keep_axes, lanes


@sound(says="mean and variance in two passes, by the library's own functions")
class TwoPass(NumPy):
    def moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        laid = side_by_side(x, axes)
        return np.mean(laid, axes, keepdims=True), np.var(laid, axes, keepdims=True)


@sound(says="two passes, and the second corrected by the rest of the first")
class CorrectedTwoPass(NumPy):
    def moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        mean = self.average(x, axes)
        rest = self.average(x - mean, axes)
        return mean, np.maximum(self.average(np.square(x - mean), axes) - np.square(rest), 0)


@sound(says="Welford's running update", short=True)
class Welford(NumPy):
    def moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        values = lanes(x, axes)
        mean = np.zeros(values.shape[:-1], x.dtype)
        squares = np.zeros_like(mean)
        for index in range(values.shape[-1]):
            step = values[..., index] - mean
            mean = mean + step / (index + 1)
            squares = squares + step * (values[..., index] - mean)
        return keep_axes(mean, x, axes), keep_axes(squares / values.shape[-1], x, axes)


@sound(says="Chan's pairwise merge")
class ChanPairwise(NumPy):
    def moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        mean = lanes(x, axes)
        squares, counts = np.zeros_like(mean), np.ones(mean.shape[-1], x.dtype)
        while mean.shape[-1] > 1:
            pairs = mean.shape[-1] // 2 * 2
            left, right, odd = slice(0, pairs, 2), slice(1, pairs, 2), slice(pairs, None)
            n = counts[left] + counts[right]
            gap = mean[..., right] - mean[..., left]
            between = np.square(gap) * (counts[left] * counts[right] / n)
            merged = mean[..., left] + gap * (counts[right] / n)
            mean = np.concatenate([merged, mean[..., odd]], -1)
            squares = np.concatenate([squares[..., left] + squares[..., right] + between, squares[..., odd]], -1)
            counts = np.concatenate([n, counts[odd]])
        return keep_axes(mean, x, axes), keep_axes(squares / counts, x, axes)


@sound(says="data shifted by their first value, the mean then corrected")
class ShiftedData(NumPy):
    def moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        first = keep_axes(lanes(x, axes)[..., 0], x, axes)
        mean = first + self.average(x - first, axes)
        mean = mean + self.average(x - mean, axes)
        return mean, self.average(np.square(x - mean), axes)


@sound(says="x a + b with a = gamma/s and b = beta - mean a")
class ScaleAndOffset(NumPy):
    def normalized(
        self, x: Array, mean: Array, var: Array, eps: float, scale: Array | None, shift: Array | None
    ) -> Array:
        a = self.affine(self.inverse_root(var, eps), scale, None)
        return x * a + self.affine(-mean * a, None, shift)


@sound(says="reciprocal root as a power")
class ReciprocalRoot(NumPy):
    def inverse_root(self, var: Array, eps: float) -> Array:
        return np.asarray(np.power(var + var.dtype.type(eps), var.dtype.type(-0.5)))


@sound(says="reciprocal root by Newton's iteration from a linear guess")
class NewtonRoot(NumPy):
    def inverse_root(self, var: Array, eps: float) -> Array:
        shifted = var + var.dtype.type(eps)
        fraction, exponent = np.frexp(shifted)
        odd = exponent % 2
        fraction, exponent = np.ldexp(fraction, -odd), exponent + odd
        root = 2 - fraction
        for _ in range(6):
            root = root + root * (0.5 - 0.5 * fraction * root * root)
        ordinary = (shifted > 0) & np.isfinite(shifted)
        return np.where(ordinary, np.ldexp(root, -exponent // 2), super().inverse_root(var, eps))


@sound(says="division by the root")
class DivisionByRoot(NumPy):
    def normalize(self, x: Array, mean: Array, var: Array, eps: float) -> Array:
        return np.asarray((x - mean) / np.sqrt(var + var.dtype.type(eps)))


@sound(says="gamma folded into the reciprocal root before it meets x")
class FoldedScale(NumPy):
    def normalized(
        self, x: Array, mean: Array, var: Array, eps: float, scale: Array | None, shift: Array | None
    ) -> Array:
        return self.affine((x - mean) * self.affine(self.inverse_root(var, eps), scale, None), None, shift)


@sound(says="scale and shift fused, rounded once")
class FusedMultiplyAdd(NumPy):
    def affine(self, x_hat: Array, scale: Array | None, shift: Array | None) -> Array:
        return super().affine(x_hat.astype(np.float64), scale, shift).astype(x_hat.dtype)


@sound(says="normalization gradient in the form with sums: (n dy - sum dy - x_hat sum(dy x_hat))/(n s)")
class SumFormGradient(NumPy):
    def input_gradient(self, dx_hat: Array, x_hat: Array, inverse: Array, axes: Axes) -> Array:
        n = math.prod(x_hat.shape[axis] for axis in axes)
        sums = self.total(dx_hat, axes) + x_hat * self.total(dx_hat * x_hat, axes)
        return np.asarray(inverse / n * (n * dx_hat - sums))


@sound(says="gamma outside the means of the batch norm gradient")
class GammaOutsideTheMeans(NumPy):
    def batch_norm_gradient(self, case: BatchNorm, dy: Array, mean: Array, var: Array) -> dict[str, Array]:
        found = super().batch_norm_gradient(replace(case, gamma=None), dy, mean, var)
        gamma = self.channelwise(case.gamma, case.x, case.channel_axis)
        return super().batch_norm_gradient(case, dy, mean, var) | {"dx": self.affine(found["dx"], gamma, None)}


@sound(says="running update as a step towards the batch: r + m (s - r)")
class StepTowards(NumPy):
    def running_update(self, running: Array, batch: Array, momentum: float) -> Array:
        return running + momentum * (batch - running)


@sound(says="matrix products in four parts along the inner axis")
class SplitInnerAxis(NumPy):
    def product(self, a: Array, b: Array) -> Array:
        cuts = [a.shape[1] * part // 4 for part in range(5)]
        parts = [np.matmul(a[:, i:j], b[i:j]) for i, j in pairwise(cuts)]
        return np.asarray(parts[0] + parts[1] + parts[2] + parts[3])


@sound(says="matrix products as outer products, last first")
class OuterProducts(NumPy):
    def product(self, a: Array, b: Array) -> Array:
        result = np.zeros((len(a), b.shape[1]), a.dtype)
        for index in reversed(range(len(b))):
            result = result + a[:, index : index + 1] * b[index]
        return result


@sound(says="dropout by division by 1 - p")
class DropoutByDivision(NumPy):
    def drop(self, x: Array, keep: Array, rate: float) -> Array:
        return np.where(keep, x / x.dtype.type(1 - rate), 0)


@sound(says="softmax as exp(x - max) times the reciprocal of the sum")
class SoftmaxByReciprocal(NumPy):
    def softmax(self, x: Array, axis: int = -1) -> Array:
        e = np.exp(x - np.max(x, axis, keepdims=True))
        return np.asarray(e * (1 / np.sum(e, axis, keepdims=True)))


@sound(says="log_softmax as x minus log-sum-exp")
class LogSumExp(NumPy):
    def log_softmax(self, x: Array, axis: int = -1) -> Array:
        top = np.max(x, axis, keepdims=True)
        return np.asarray(x - (top + np.log(np.sum(np.exp(x - top), axis, keepdims=True))))


@sound(says="mish through softplus and tanh")
class MishThroughSoftplus(NumPy):
    def mish(self, x: Array) -> Array:
        return x * np.tanh(self.softplus(x))


@sound(says="subnormal numbers flushed to zero, coming in and going out")
class FlushedSubnormals(NumPy):
    def flush(self, x: Array) -> Array:
        if not np.issubdtype(x.dtype, np.inexact):  # a count
            return x
        return np.where(np.abs(x) < np.finfo(x.dtype).tiny, np.copysign(x.dtype.type(0), x), x)

    def answer(self, case: Case) -> Outcome:
        # Nothing is computed, and so nothing flushed, where dropout is the identity; the layers of a stack do it.
        if isinstance(case, Stack) or (isinstance(case, Dropout) and (not case.training or case.rate == 0)):
            return super().answer(case)
        arrays: dict[str, Any] = {name: self.flush(value) for name, value in case.arrays()}
        flushed = super().answer(replace(case, **arrays))
        state = dict(flushed.state)
        for name in state:
            updated = isinstance(case, BatchNorm) and case.training and name.startswith("running_")
            state[name] = self.flush(state[name]) if updated else getattr(case, name).copy()
        return Outcome({name: self.flush(value) for name, value in flushed.arrays.items()}, state)

    def inverse_root(self, var: Array, eps: float) -> Array:
        return super().inverse_root(self.flush(var), eps)


@sound(says="layer norm of one sample after the other")
class SampleBySample(NumPy):
    def layer_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        samples = lanes(x, axes)
        rows = samples.reshape(-1, samples.shape[-1])
        each = [self.moments(row.copy(), (0,)) for row in rows]
        mean, var = (np.concatenate(values).reshape(samples.shape[:-1]) for values in zip(*each, strict=True))
        return keep_axes(mean, x, axes), keep_axes(var, x, axes)


@sound(says="a second mode that folds scale and offset, and sums the gradient in another form")
class CompiledInAnotherForm(NumPy):
    modes: ClassVar[tuple[str, ...]] = ("eager", "compiled")

    class _Compiled(ScaleAndOffset, SumFormGradient):
        modes: ClassVar[tuple[str, ...]] = ("compiled",)

    def ask(self, subject: Subject, case: Case) -> Outcome:
        return super().ask(subject, case) if subject.mode == "eager" else self._Compiled().ask(subject, case)
