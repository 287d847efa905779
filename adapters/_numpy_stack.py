"""Layers in a row in the NumPy control: each answers what the one before it hands on, the gradients come back."""

from __future__ import annotations

import abc
from dataclasses import replace

from adapters.base import Array, Case, LayerCase, Outcome, Stack


class Stacks(abc.ABC):
    """A stack in terms of the answers to its layers."""

    @abc.abstractmethod
    def answer(self, case: Case) -> Outcome: ...

    def stack(self, case: Stack) -> Outcome:
        arrays: dict[str, Array] = {}
        state: dict[str, Array] = {}
        given = [case.x]
        for index, layer in enumerate(case.layers):
            answer = self.hand_on(layer, given[-1])
            arrays[f"{index}.y"] = answer.arrays["y"]
            state.update((f"{index}.{name}", value) for name, value in answer.state.items() if name != "x")
            given.append(answer.arrays["y"])
        arrays["y"] = given[-1].copy()
        if case.dy is not None:
            dy = case.dy
            for index in reversed(range(len(case.layers))):
                gradients = self.hand_back(case, index, given, dy)
                dy = gradients.pop("dx")
                arrays.update((f"{index}.{name}", value) for name, value in gradients.items())
            arrays["dx"] = dy
        return Outcome(arrays, state)

    def hand_on(self, layer: LayerCase, x: Array) -> Outcome:
        """What one layer answers to the output of the layer before it."""
        return self.answer(replace(layer, x=x))

    def hand_back(self, case: Stack, index: int, given: list[Array], dy: Array) -> dict[str, Array]:
        """The gradients of one layer; ``given``: what each layer was given, and the last output."""
        answer = self.answer(replace(case.layers[index], x=given[index], dy=dy))
        return {name: value for name, value in answer.arrays.items() if name != "y"}
