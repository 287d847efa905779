"""A layer with a state, taken through the steps of a case; what each framework does in a step is its adapter's."""

from __future__ import annotations

import abc
import contextlib
from typing import Any

import numpy as np

from adapters.base import Array, BatchNormSteps, Outcome


class Stateful(abc.ABC):
    """A layer of batch normalization that lives on from call to call."""

    @abc.abstractmethod
    def call(self, x: Array, training: bool) -> Array:
        """y; an error of the framework passes through."""

    @abc.abstractmethod
    def statistics(self) -> tuple[Array, Array]:
        """Copies of the running mean and variance."""

    @abc.abstractmethod
    def save(self) -> Any:
        """The state as the framework hands it out to be kept; later calls must not change it."""

    @abc.abstractmethod
    def load(self, saved: Any) -> None:
        """Take over a state that was saved."""

    @abc.abstractmethod
    def new(self) -> Stateful:
        """Another layer of the same configuration, as it is when it is made."""

    @abc.abstractmethod
    def reset(self) -> None:
        """Running statistics as a new layer has them."""


def walk(case: BatchNormSteps, layer: Stateful) -> Outcome:
    """The outcome of the case's steps, from a layer on that was made with the case's parameters and statistics."""
    saved, answers = layer.save(), []
    means, variances = [], []
    for step, batch in case.steps:
        y = np.zeros_like(case.x[0])
        match step:
            case "train" | "eval":
                y = layer.call(case.x[batch], step == "train")
            case "empty":
                with contextlib.suppress(Exception):
                    layer.call(case.x[batch][:0], True)
            case "save":
                saved = layer.save()
            case "load":
                layer.load(saved)
            case "revive":
                layer = layer.new()
                layer.load(saved)
            case "reset":
                layer.reset()
            case _:
                raise ValueError(f"unknown step {step!r}")
        mean, variance = layer.statistics()
        answers.append(y)
        means.append(mean)
        variances.append(variance)
    return Outcome({"y": np.stack(answers), "running_mean": np.stack(means), "running_var": np.stack(variances)})
