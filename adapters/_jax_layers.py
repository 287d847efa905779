"""How a layer of JAX is run: arrays in, one call or one ``jax.vjp``, copies out; and Flax's layers as functions.

A Flax layer is a function of its tensors: in nnx through ``nnx.split`` and ``nnx.merge`` (Flax documentation, "The Flax
functional API"), in linen through ``Module.apply``. So a layer is built once a configuration, random initial values and
all, and every case runs it on tensors of its own.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from adapters.base import Array, BatchNorm, Outcome, Unsupported
from adapters.steps import Stateful

Tensors = Mapping[str, Any]
#: (parameters by Flax's names, x) -> (y, the layer's tensors after the call by Flax's names)
Layer = Callable[[Tensors, Any], tuple[Any, Tensors]]


@dataclass(frozen=True)
class Answer:
    """What came back, still in JAX: y, dx and the parameters' gradients by Flax's names; the tensors after the call."""

    arrays: Tensors
    after: Tensors

    def outcome(self, gradients: Mapping[str, str], state: Mapping[str, str] | None = None) -> Outcome:
        """Copies in NumPy. ``gradients``, ``state``: Flax's name -> ours; a tensor that is not there is left out."""
        answers = {"y": "y", "dx": "dx", **gradients}
        return Outcome(_copies(self.arrays, answers), _copies(self.after, state or {}))


def _copies(tensors: Tensors, names: Mapping[str, str]) -> dict[str, Array]:
    return {ours: np.array(tensors[theirs]) for theirs, ours in names.items() if theirs in tensors}


@dataclass(frozen=True)
class Asked:
    """One subject's way into JAX: the modules, and the device and dtype that its arrays are put in."""

    jax: Any
    api: str
    device: Any
    dtype: np.dtype[Any]

    @property
    def library(self) -> Any:
        return importlib.import_module(self.api)

    def put(self, array: Array, dtype: Any = None) -> Any:
        """``array`` on the device, in the subject's dtype unless another is named."""
        return self.jax.device_put(np.asarray(array, dtype or self.dtype), self.device)

    def run(self, layer: Layer, parameters: Mapping[str, Array | None], x: Array, dy: Array | None) -> Answer:
        """Run the layer on those parameters that are there and, where a cotangent is given, pull it back."""
        tensors = {name: self.put(value) for name, value in parameters.items() if value is not None}
        placed = self.put(x)
        if dy is None:
            y, after = layer(tensors, placed)
            return Answer({"y": y}, {**after, "x": placed})
        y, pullback, after = self.jax.vjp(layer, tensors, placed, has_aux=True)
        gradients, dx = pullback(self.put(dy, y.dtype))
        return Answer({"y": y, "dx": dx, **gradients}, {**after, "x": placed})


def function(call: Callable[[Any], Any]) -> Layer:
    """A function of x alone as a layer."""
    return lambda _, x: (call(x), {})


def flax_layer(
    asked: Asked,
    name: str,
    sizes: tuple[int, ...],
    options: Mapping[str, Any],
    statistics: Mapping[str, Array] | None = None,
    **call: Any,
) -> Layer:
    """The layer that both Flax APIs have (a dense one by its name in nnx).

    ``sizes``: the features that nnx asks for, inputs first; ``options``: of the constructor; ``statistics``: the
    tensors that are no parameters; ``call``: keywords of the call.
    """
    make = _nnx if asked.api == "flax.nnx" else _linen
    return make(asked, name, sizes, tuple(options.items()), statistics or {}, call)


Options = tuple[tuple[str, Any], ...]


@functools.lru_cache(maxsize=1024)
def _nnx_parts(name: str, sizes: tuple[int, ...], options: Options, device: Any) -> tuple[Any, Tensors]:
    """Graph definition and initial tensors; ``device`` is where they are, so that no cached layer is on another one."""
    nnx = importlib.import_module("flax.nnx")
    rngs = {} if name == "PReLU" else {"rngs": nnx.Rngs(0)}
    graph, state = nnx.split(getattr(nnx, name)(*sizes, **dict(options), **rngs))
    return graph, nnx.to_pure_dict(state)


def _nnx(
    asked: Asked, name: str, sizes: tuple[int, ...], options: Options, statistics: Mapping[str, Array], call: Tensors
) -> Layer:
    graph, initial = _nnx_parts(name, sizes, options, asked.device)
    # nnx makes statistics in float32 whatever dtype and param_dtype say, and keeps them in the dtype that it finds.
    kept = {stat: asked.put(value, initial[stat].dtype) for stat, value in statistics.items()}

    def run(parameters: Tensors, x: Any) -> tuple[Any, Tensors]:
        layer = asked.library.merge(graph, {**initial, **parameters, **kept})
        y = layer(x, **call)
        return y, {tensor: getattr(layer, tensor).get_value() for tensor in (*parameters, *kept)}

    return run


class NnxBatchNorm(Stateful):
    """An ``nnx.BatchNorm`` that is called again and again."""

    def __init__(self, asked: Asked, case: BatchNorm, options: Mapping[str, Any]) -> None:
        if asked.api != "flax.nnx":
            raise Unsupported("a layer of flax.linen keeps no state: its caller does")
        self._asked, self._case, self._options = asked, case, options
        channels = case.x.shape[case.channel_axis]
        self._graph, self._initial = _nnx_parts("BatchNorm", (channels,), tuple(options.items()), asked.device)
        self._layer = asked.library.merge(self._graph, self._initial)
        learnt = {"scale": case.gamma, "bias": case.beta}
        asked.library.update(
            self._layer, {name: asked.put(value) for name, value in learnt.items() if value is not None}
        )
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
        self._asked.library.update(self._layer, {name: self._initial[name] for name in ("mean", "var")})


def nnx_dropout(asked: Asked, rate: float, seed: int, training: bool, call: int, shared: tuple[int, ...] = ()) -> Layer:
    """The given call of a fresh ``nnx.Dropout``: it holds a stream of random numbers, so it is never kept."""
    nnx = asked.library
    graph, state = nnx.split(nnx.Dropout(rate, broadcast_dims=shared, rngs=nnx.Rngs(dropout=seed)))
    initial = nnx.to_pure_dict(state)

    def run(x: Any) -> Any:
        dropout = nnx.merge(graph, initial)
        for _ in range(call - 1):
            dropout(x, deterministic=not training)
        return dropout(x, deterministic=not training)

    return function(run)


@functools.lru_cache(maxsize=1024)
def _linen_module(name: str, sizes: tuple[int, ...], options: Options) -> Any:
    return getattr(importlib.import_module("flax.linen"), name)(*sizes, **dict(options))


def _linen(
    asked: Asked, name: str, sizes: tuple[int, ...], options: Options, statistics: Mapping[str, Array], call: Tensors
) -> Layer:
    # A normalization of linen takes its size from x, and so does Dense its number of inputs.
    module = _linen_module({"Linear": "Dense"}.get(name, name), sizes[1:], options)
    # Flax never keeps statistics in 16 bits.
    kept = {stat: asked.put(value, np.promote_types(asked.dtype, np.float32)) for stat, value in statistics.items()}

    def run(parameters: Tensors, x: Any) -> tuple[Any, Tensors]:
        variables = {"params": parameters, "batch_stats": kept}
        y, changed = module.apply(variables, x, mutable=["batch_stats"], **call)
        return y, {**parameters, **changed.get("batch_stats", {})}

    return run
