"""Wrong sums of millions of terms."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters._numpy_normalization import Axes
from adapters.base import Array, BatchNorm, Case, Outcome
from adapters.numpy import NumPy

from ..registry import fault
from ..zoo.sums import in_order, keep_axes, lanes


class RunningSum(NumPy):
    """One running sum in float32, from first to last."""

    def total(self, x: Array, axes: Axes) -> Array:
        return keep_axes(in_order(lanes(x, axes)), x, axes)


@fault(
    clause="BN.many",
    category="reduction",
    says="one running sum in float32 from first to last: it stands still at 2^24",
)
class BatchStandsStill(RunningSum):
    pass


@fault(
    clause="LN.many",
    category="reduction",
    says="one running sum in float32 from first to last: it stands still at 2^24",
)
class LayerStandsStill(RunningSum):
    pass


class TwoRunningSums(NumPy):
    """A running sum in float32 for each of two threads: of ones none stands still."""

    def total(self, x: Array, axes: Axes) -> Array:
        first, second = np.array_split(lanes(x, axes), 2, axis=-1)
        return keep_axes(in_order(first) + in_order(second), x, axes)


@fault(
    clause="BN.many",
    category="reduction",
    says="two running sums in float32: terms with a mean of a thousand deviations are rounded to one side",
)
class BatchLeansToOneSide(TwoRunningSums):
    pass


@fault(
    clause="LN.many",
    category="reduction",
    says="two running sums in float32: terms with a mean of a thousand deviations are rounded to one side",
)
class LayerLeansToOneSide(TwoRunningSums):
    pass


@fault(clause="BN.many", category="reduction", says="the gradients of gamma and beta alone as running sums in float32")
class BatchAffineGradientStandsStill(NumPy):
    def affine_gradient(self, dy: Array, x_hat: Array, axes: Axes, **parameters: Array | None) -> dict[str, Array]:
        sums = RunningSum().affine_gradient(dy, x_hat, axes, **parameters)
        return super().affine_gradient(dy, x_hat, axes, **parameters) | sums


@fault(clause="BN.many", category="reduction", says="the stored mean alone as a running sum in float32")
class RunningMeanStandsStill(NumPy):
    def batch_norm_track(self, case: BatchNorm, state: dict[str, Array], mean: Array, var: Array) -> None:
        axes = self.batch_axes(case.x, case.channel_axis)
        super().batch_norm_track(case, state, RunningSum().average(case.x, axes).reshape(-1), var)


@fault(
    clause="LN.many",
    category="reduction",
    says="the gradients of gain and bias as running sums in float32 over the samples",
)
class SampleSumsStandStill(NumPy):
    def affine_gradient(self, dy: Array, x_hat: Array, axes: Axes, **parameters: Array | None) -> dict[str, Array]:
        return RunningSum().affine_gradient(dy, x_hat, axes, **parameters)


class LastBlockLost(NumPy):
    """The last copy of what is over and over again is another one: one element of many is wrong."""

    def answer(self, case: Case) -> Outcome:
        found = super().answer(case)
        arrays: dict[str, Any] = {name: value.copy() for name, value in found.arrays.items()}
        arrays["y"].reshape(-1)[-1] += 1
        return Outcome(arrays, found.state)


@fault(clause="BN.many", category="layout", says="the very last element is off by one")
class BatchLastElement(LastBlockLost):
    pass


@fault(clause="LN.many", category="layout", says="the very last element is off by one")
class LayerLastElement(LastBlockLost):
    pass
