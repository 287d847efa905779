"""The control's batch normalization as a layer that keeps its state from call to call."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from adapters.base import Array, BatchNorm, Unsupported
from adapters.steps import Stateful

if TYPE_CHECKING:
    from adapters.numpy import NumPy


class BatchNormLayer(Stateful):
    """Running statistics, and how many batches they are of: a cumulative average gives the k-th the weight 1/k."""

    def __init__(self, control: NumPy, case: BatchNorm) -> None:
        if case.running_mean is None or case.running_var is None:
            raise Unsupported("the control keeps running statistics or nothing")
        self.control, self.case = control, case
        self.mean, self.var, self.count = case.running_mean.copy(), case.running_var.copy(), 0

    def call(self, x: Array, training: bool) -> Array:
        momentum = self.case.momentum if self.case.momentum is not None else 1 / (self.count + 1)
        case = replace(
            self.case, x=x, running_mean=self.mean, running_var=self.var, training=training, momentum=momentum
        )
        outcome = self.control.batch_norm(case)
        self.mean, self.var = outcome.state["running_mean"], outcome.state["running_var"]
        self.count += training
        return outcome.arrays["y"]

    def statistics(self) -> tuple[Array, Array]:
        return self.mean.copy(), self.var.copy()

    def save(self) -> Any:
        return self.mean.copy(), self.var.copy(), self.count

    def load(self, saved: Any) -> None:
        self.mean, self.var, self.count = saved

    def new(self) -> Stateful:
        return type(self)(self.control, self.case)

    def reset(self) -> None:
        self.mean, self.var, self.count = np.zeros_like(self.mean), np.ones_like(self.var), 0
