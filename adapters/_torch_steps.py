"""A module of batch normalization that is called again and again."""

from __future__ import annotations

import dataclasses
from typing import Any

from adapters import _torch_compile
from adapters._torch_modules import loaded
from adapters._torch_tensors import to_numpy, to_torch
from adapters.base import Array, BatchNorm, Subject
from adapters.steps import Stateful


class BatchNormModule(Stateful):
    def __init__(self, case: BatchNorm, subject: Subject) -> None:
        self._case, self._subject = case, subject
        self._module, _ = loaded(case, {name: to_torch(array, subject.device) for name, array in case.arrays()})
        if subject.mode == "compile":
            _torch_compile.refuse_cumulative(case)

    def call(self, x: Array, training: bool) -> Array:
        module, given = self._module.train(training), to_torch(x, self._subject.device)
        if self._subject.mode != "compile":
            return to_numpy(module(given))
        asked = dataclasses.replace(self._case, training=training)
        # With a gradient, as in every other clause: the graph is then the same.
        return to_numpy(_torch_compile.answered(asked, self._subject.dtype, module, given.requires_grad_()))

    def statistics(self) -> tuple[Array, Array]:
        return to_numpy(self._module.running_mean), to_numpy(self._module.running_var)

    def save(self) -> Any:
        return {name: tensor.clone() for name, tensor in self._module.state_dict().items()}

    def load(self, saved: Any) -> None:
        self._module.load_state_dict(saved)

    def new(self) -> Stateful:
        return BatchNormModule(self._case, self._subject)

    def reset(self) -> None:
        self._module.reset_running_stats()
