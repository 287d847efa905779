"""Batch normalization that is right in every call by itself, and wrong over the life of a layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from adapters._numpy_steps import BatchNormLayer
from adapters.base import Array, BatchNorm
from adapters.numpy import NumPy

from ..registry import fault


def planted(
    says: str, category: str = "state", tracker: str | None = None
) -> Callable[[type[BatchNormLayer]], type[BatchNormLayer]]:
    """Register the control with another layer that keeps its state."""

    def register(layer: type[BatchNormLayer]) -> type[BatchNormLayer]:
        kept = {"kept_layer": lambda control, case: layer(control, case)}
        wrong = type(layer.__name__, (NumPy,), kept)
        fault(clause="BN.running.sequence", category=category, says=says, tracker=tracker)(wrong)
        return layer

    return register


@planted("every third training step is not counted")
class EveryThirdSkipped(BatchNormLayer):
    calls = 0

    def call(self, x: Array, training: bool) -> Array:
        before = self.save()
        y = super().call(x, training)
        self.calls += training
        if training and self.calls % 3 == 0:
            super().load(before)
        return y


@planted("after inference the next training step counts twice")
class InferenceRemembered(BatchNormLayer):
    inferred = False

    def call(self, x: Array, training: bool) -> Array:
        y = super().call(x, training)
        if training and self.inferred:
            y = super().call(x, training)
        self.inferred = not training
        return y


@planted("inference moves the statistics")
class InferenceMoves(BatchNormLayer):
    def call(self, x: Array, training: bool) -> Array:
        y = super().call(x, training)
        if not training:
            super().call(x, True)
        return y


@planted("inference goes on with the statistics that it first met")
class InferenceFolded(BatchNormLayer):
    folded: tuple[Array, Array] | None = None

    def call(self, x: Array, training: bool) -> Array:
        if training:
            return super().call(x, training)
        self.folded = self.folded or self.statistics()
        before, (self.mean, self.var) = self.save(), self.folded
        y = super().call(x, training)
        self.load(before)
        return y


@planted("a state is saved by reference: it goes on with the layer")
class SavedByReference(BatchNormLayer):
    def save(self) -> Any:
        return self

    def load(self, saved: Any) -> None:
        super().load((*saved.statistics(), saved.count))


@planted("a bias correction of the layer's own: after loading the first step weighs 1", "momentum")
class CorrectionOutsideTheState(BatchNormLayer):
    fresh = False

    def call(self, x: Array, training: bool) -> Array:
        if not (training and self.fresh):
            return super().call(x, training)
        kept, self.case, self.fresh = self.case, replace(self.case, momentum=1.0), False
        y = super().call(x, training)
        self.case = kept
        return y

    def load(self, saved: Any) -> None:
        super().load(saved)
        self.fresh = True


@planted("reset leaves the count of batches")
class ResetKeepsTheCount(BatchNormLayer):
    def reset(self) -> None:
        count = self.count
        super().reset()
        self.count = count


@planted("reset makes the variance 0")
class ResetToZero(BatchNormLayer):
    def reset(self) -> None:
        super().reset()
        self.var = np.zeros_like(self.var)


@planted("the count of batches is not saved: a layer goes on with its own")
class LoadKeepsTheCount(BatchNormLayer):
    def load(self, saved: Any) -> None:
        super().load((*saved[:2], self.count))


@planted("the k-th batch weighs 1/(k + 1) in the cumulative average", "momentum")
class CumulativeOffByOne(BatchNormLayer):
    def __init__(self, control: NumPy, case: BatchNorm) -> None:
        super().__init__(control, case)
        self.count = 1


@planted("a batch that is refused counts")
class RefusedCounts(BatchNormLayer):
    def call(self, x: Array, training: bool) -> Array:
        self.count += training and not x.size
        return super().call(x, training)


@planted("an empty batch makes the statistics smaller", tracker="https://github.com/pytorch/pytorch/issues/12013")
class EmptyDecays(BatchNormLayer):
    def call(self, x: Array, training: bool) -> Array:
        if not x.size:
            self.mean, self.var = self.mean / 2, self.var / 2
        return super().call(x, training)


@planted(
    "what is loaded begins to count anew: the next batch weighs 1 in the cumulative average",
    "momentum",
    tracker="https://github.com/pytorch/pytorch/issues/110361",
)
class LoadZeroesTheCount(BatchNormLayer):
    def load(self, saved: Any) -> None:
        super().load((*saved[:2], 0))
