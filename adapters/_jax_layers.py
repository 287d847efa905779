"""Flax's layers, and plain functions, as functions of their tensors.

In nnx this is ``nnx.split`` and ``nnx.merge`` (Flax documentation, "The Flax functional API"), in linen
``Module.apply``. A layer is built once a configuration, without tensors (``nnx.eval_shape``), and every case runs it on
tensors of its own; the same configuration gives the same function again, so that its programs are found.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from adapters._jax_programs import Asked, Layer, Stream, Tensors
from adapters.base import Array

Options = tuple[tuple[str, Any], ...]


@functools.lru_cache(maxsize=1024)
def function(call: Callable[..., Any], options: Options = ()) -> Layer:
    """A function of x alone as a layer."""

    def run(parameters: Tensors, statistics: Tensors, stream: Any, x: Any) -> tuple[Any, Tensors]:
        return call(x, **dict(options)), {}

    return run


@functools.lru_cache(maxsize=1024)
def followed(layer: Layer, activation: Layer) -> Layer:
    """A layer and the activation of its output."""

    def run(parameters: Tensors, statistics: Tensors, stream: Any, x: Any) -> tuple[Any, Tensors]:
        y, after = layer(parameters, statistics, stream, x)
        return activation({}, {}, None, y)[0], after

    return run


@functools.lru_cache(maxsize=64)
def beside(*layers: Layer) -> Layer:
    """Layers that are each called with x, and a stream of their own, as one."""

    def run(parameters: Tensors, statistics: Tensors, stream: Any, x: Any) -> tuple[Any, Tensors]:
        return tuple(layer({}, {}, own, x)[0] for layer, own in zip(layers, stream, strict=True)), {}

    return run


@functools.lru_cache(maxsize=64)
def attention(call: Callable[..., Any], options: Options) -> Layer:
    """Attention of one head to values that are x [batch, n, features]; queries and keys are 0."""

    def run(parameters: Tensors, statistics: Tensors, stream: Any, x: Any) -> tuple[Any, Tensors]:
        values = x[:, :, None]
        return call(0 * values, 0 * values, values, dropout_rng=stream, **dict(options))[:, :, 0], {}

    return run


def flax_layer(asked: Asked, name: str, sizes: tuple[int, ...], options: Mapping[str, Any], **call: Any) -> Layer:
    """The layer that both Flax APIs have (a dense one by its name in nnx).

    ``sizes``: the features that nnx asks for, inputs first; ``options``: of the constructor; ``call``: keywords of the
    call.
    """
    make = _nnx if asked.api == "flax.nnx" else _linen
    return make(name, sizes, tuple(options.items()), tuple(call.items()))


def statistics(asked: Asked, given: Mapping[str, Array]) -> Tensors:
    """Running statistics in the dtype that the api makes them in.

    That is float32 in nnx, whatever dtype and param_dtype say, and in linen, which keeps a wider one where it is given.
    """

    def kept(dtype: Any) -> Any:
        return np.float32 if asked.api == "flax.nnx" else np.promote_types(dtype, np.float32)

    return {name: asked.put(value, kept(value.dtype)) for name, value in given.items()}


@functools.lru_cache(maxsize=1024)
def _nnx(name: str, sizes: tuple[int, ...], options: Options, call: Options) -> Layer:
    nnx = importlib.import_module("flax.nnx")

    def made() -> Any:
        rngs = {} if name == "PReLU" else {"rngs": nnx.Rngs(0)}
        return getattr(nnx, name)(*sizes, **dict(options), **rngs)

    graph, _ = nnx.split(nnx.eval_shape(made))

    def run(parameters: Tensors, statistics: Tensors, stream: Any, x: Any) -> tuple[Any, Tensors]:
        layer = nnx.merge(graph, {**parameters, **statistics})
        y = layer(x, **dict(call))
        return y, {tensor: getattr(layer, tensor).get_value() for tensor in (*parameters, *statistics)}

    return run


@functools.lru_cache(maxsize=1024)
def recomputed(layer: Layer) -> Layer:
    """The layer under ``jax.checkpoint``: its gradient runs it again."""
    made: Layer = importlib.import_module("jax").checkpoint(layer)
    return made


@functools.lru_cache(maxsize=1024)
def nnx_dropout(
    rate: float, training: bool, call: int, shared: tuple[int, ...] = (), place: int = 1
) -> tuple[Layer, Stream]:
    """The given call of a fresh ``nnx.Dropout``, which holds a stream of random numbers: a key and a count.

    With ``place`` = k it is the k-th of so many that were made with one ``Rngs``, all of which are called.
    """
    nnx = importlib.import_module("flax.nnx")

    def parts(seed: int) -> Any:
        rngs = nnx.Rngs(dropout=seed)
        return nnx.split([nnx.Dropout(rate, broadcast_dims=shared, rngs=rngs) for _ in range(place)])

    graph, _ = parts(0)

    def run(parameters: Tensors, statistics: Tensors, stream: Any, x: Any) -> tuple[Any, Tensors]:
        *earlier, dropout = nnx.merge(graph, stream)
        for layer in earlier:
            layer(x, deterministic=not training)
        for _ in range(call - 1):
            dropout(x, deterministic=not training)
        return dropout(x, deterministic=not training), {}

    return run, lambda seed: nnx.to_pure_dict(parts(seed)[1])


@functools.lru_cache(maxsize=64)
def linen_dropouts(rate: float, place: int) -> Layer:
    """The k-th ``linen.Dropout`` of a module that has so many, all of which are called, in training."""
    linen = importlib.import_module("flax.linen")

    class Model(linen.Module):  # type: ignore[name-defined, misc]
        @linen.compact  # type: ignore[untyped-decorator]
        def __call__(self, x: Any) -> Any:
            return [linen.Dropout(rate)(x, deterministic=False) for _ in range(place)][-1]

    def run(parameters: Tensors, statistics: Tensors, stream: Any, x: Any) -> tuple[Any, Tensors]:
        return Model().apply({}, x, rngs={"dropout": stream}), {}

    return run


@functools.lru_cache(maxsize=1024)
def _linen(name: str, sizes: tuple[int, ...], options: Options, call: Options) -> Layer:
    # A normalization of linen takes its size from x, and so does Dense its number of inputs.
    linen = importlib.import_module("flax.linen")
    module = getattr(linen, {"Linear": "Dense"}.get(name, name))(*sizes[1:], **dict(options))

    def run(parameters: Tensors, statistics: Tensors, stream: Any, x: Any) -> tuple[Any, Tensors]:
        variables = {"params": parameters, "batch_stats": statistics}
        rngs = {} if stream is None else {"rngs": {"dropout": stream}}
        y, changed = module.apply(variables, x, mutable=["batch_stats"], **rngs, **dict(call))
        return y, {**parameters, **changed.get("batch_stats", {})}

    return run
