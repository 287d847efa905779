"""An ``nnx.BatchNorm`` that is called again and again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adapters._jax_programs import Asked
from adapters.base import Array, BatchNorm, Unsupported
from adapters.steps import Stateful


class NnxBatchNorm(Stateful):
    def __init__(self, asked: Asked, case: BatchNorm, options: Mapping[str, Any]) -> None:
        if asked.api != "flax.nnx":
            raise Unsupported("a layer of flax.linen keeps no state: its caller does")
        self._asked, self._case, self._options, nnx = asked, case, options, asked.library
        self._layer = nnx.BatchNorm(case.x.shape[case.channel_axis], **options, rngs=nnx.Rngs(0))
        self._initial = {name: np.array(getattr(self._layer, name).get_value()) for name in ("mean", "var")}
        learnt = {"scale": case.gamma, "bias": case.beta}
        nnx.update(self._layer, {name: asked.put(value) for name, value in learnt.items() if value is not None})
        statistics = {"mean": case.running_mean, "var": case.running_var}
        self.load({name: asked.put(value, np.float32) for name, value in statistics.items() if value is not None})

    def call(self, x: Array, training: bool) -> Array:
        return np.array(self._layer(self._asked.put(x), use_running_average=not training))

    def statistics(self) -> tuple[Array, Array]:
        return np.array(self._layer.mean.get_value()), np.array(self._layer.var.get_value())

    def save(self) -> Any:
        return self._asked.library.to_pure_dict(self._asked.library.state(self._layer))

    def load(self, saved: Any) -> None:
        self._asked.library.update(self._layer, saved)

    def new(self) -> Stateful:
        return NnxBatchNorm(self._asked, self._case, self._options)

    def reset(self) -> None:
        # On the device: a NumPy array would be written into by the next call.
        initial = {name: self._asked.put(value) for name, value in self._initial.items()}
        self._asked.library.update(self._layer, initial)
