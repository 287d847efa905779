"""Sound layers that add in another order or another precision. Kahan, CACM 8 (1965), for the compensated sum."""

from __future__ import annotations

import math

import numpy as np

from adapters._numpy_normalization import Axes
from adapters.base import Array
from adapters.numpy import NumPy

from ..registry import sound


def lanes(x: Array, axes: Axes) -> Array:
    """The values that are reduced together, in a last axis of their own."""
    kept = [size for axis, size in enumerate(x.shape) if axis not in axes]
    return np.moveaxis(x, axes, range(x.ndim - len(axes), x.ndim)).reshape(*kept, math.prod(x.shape[a] for a in axes))


def keep_axes(reduced: Array, x: Array, axes: Axes) -> Array:
    """What :func:`lanes` was reduced to, with axes of length 1 in place of those that are gone."""
    return reduced.reshape([1 if axis in axes else size for axis, size in enumerate(x.shape)])


def in_order(values: Array) -> Array:
    """The sum over the last axis from left to right, every partial sum rounded."""
    if not values.shape[-1]:
        return np.zeros(values.shape[:-1], values.dtype)
    return np.asarray(np.cumsum(values, -1, dtype=values.dtype)[..., -1])


class OtherSums(NumPy):
    """Every sum of the layers in another way."""

    def add(self, values: Array) -> Array:
        """The sum over the last axis."""
        raise NotImplementedError

    def total(self, x: Array, axes: Axes) -> Array:
        return keep_axes(self.add(lanes(x, axes)), x, axes)


@sound(says="one running sum from first to last", short=True)
class InOrder(OtherSums):
    def add(self, values: Array) -> Array:
        return in_order(values)


@sound(says="one running sum from last to first", short=True)
class ReversedOrder(OtherSums):
    def add(self, values: Array) -> Array:
        return in_order(values[..., ::-1])


@sound(says="one running sum in random order", short=True)
class RandomOrder(OtherSums):
    def add(self, values: Array) -> Array:
        return in_order(values[..., np.random.default_rng(values.size).permutation(values.shape[-1])])


@sound(says="sums of blocks of sixteen, then of the blocks' sums", short=True)
class BlockedSums(OtherSums):
    def add(self, values: Array) -> Array:
        starts = range(0, values.shape[-1], 16)
        blocks = [in_order(values[..., start : start + 16]) for start in starts]
        return in_order(np.stack(blocks, -1)) if blocks else in_order(values)


@sound(says="eight lanes like a vector unit's, then the tail one by one")
class EightLanes(OtherSums):
    def add(self, values: Array) -> Array:
        whole = values.shape[-1] // 8 * 8
        body = values[..., :whole].reshape(*values.shape[:-1], whole // 8, 8)
        partial = in_order(np.swapaxes(body, -1, -2))
        return in_order(np.concatenate([partial, values[..., whole:]], -1))


@sound(says="compensated sums", short=True)
class KahanSums(OtherSums):
    def add(self, values: Array) -> Array:
        result = np.zeros(values.shape[:-1], values.dtype)
        lost = np.zeros_like(result)
        for index in range(values.shape[-1]):
            term = values[..., index] - lost
            raised = result + term
            lost, result = (raised - result) - term, raised
        return result


@sound(says="sums in float64, rounded once")
class DoubleAccumulation(NumPy):
    def total(self, x: Array, axes: Axes) -> Array:
        return np.sum(x, axes, np.float64, keepdims=True).astype(x.dtype)

    def product(self, a: Array, b: Array) -> Array:
        return np.asarray(np.matmul(a.astype(np.float64), b.astype(np.float64)).astype(a.dtype))


@sound(says="averages by multiplication with a rounded 1/n")
class ReciprocalCount(NumPy):
    def average(self, x: Array, axes: Axes) -> Array:
        return np.asarray(self.total(x, axes) * x.dtype.type(1 / math.prod(x.shape[axis] for axis in axes)))
