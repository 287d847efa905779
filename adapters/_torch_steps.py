"""A module of batch normalization that is called again and again."""

from __future__ import annotations

from typing import Any

from adapters._torch_modules import loaded
from adapters._torch_tensors import to_numpy, to_torch
from adapters.base import Array, BatchNorm
from adapters.steps import Stateful


class BatchNormModule(Stateful):
    def __init__(self, case: BatchNorm, device: str) -> None:
        self._case, self._device = case, device
        self._module, _ = loaded(case, {name: to_torch(array, device) for name, array in case.arrays()})

    def call(self, x: Array, training: bool) -> Array:
        return to_numpy(self._module.train(training)(to_torch(x, self._device)))

    def statistics(self) -> tuple[Array, Array]:
        return to_numpy(self._module.running_mean), to_numpy(self._module.running_var)

    def save(self) -> Any:
        return {name: tensor.clone() for name, tensor in self._module.state_dict().items()}

    def load(self, saved: Any) -> None:
        self._module.load_state_dict(saved)

    def new(self) -> Stateful:
        return BatchNormModule(self._case, self._device)

    def reset(self) -> None:
        self._module.reset_running_stats()
