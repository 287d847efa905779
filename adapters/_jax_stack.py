"""A stack of Flax layers as one function of its tensors, pulled back by one ``jax.vjp``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adapters import _jax_layers as layers
from adapters._jax_activations import SPELLINGS
from adapters._jax_programs import Asked, Layer, Tensors
from adapters.base import Activation, Array, BatchNorm, Case, Dense, Dropout, LayerNorm, Outcome, Stack, Unsupported


@dataclass(frozen=True)
class _Placed:
    """A layer as a function, what it is given, and the names that it answers under: Flax's name -> ours."""

    call: Layer
    parameters: Mapping[str, Array | None] = field(default_factory=dict)
    gradients: Mapping[str, str] = field(default_factory=dict)
    statistics: Tensors = field(default_factory=dict)
    state: Mapping[str, str] = field(default_factory=dict)
    stream: Any = None


def ask_stack(asked: Asked, case: Stack) -> Outcome:
    """Answers of the layers of ``flax.nnx`` or ``flax.linen``."""
    if asked.mode != "eager":
        raise Unsupported(f"stacks of layers in mode {asked.mode}")
    placed = [_PLACES[type(layer)](asked, layer) for layer in case.layers]
    parameters: list[Tensors] = [
        {name: asked.put(value) for name, value in layer.parameters.items() if value is not None} for layer in placed
    ]

    def run(parameters: list[Tensors], x: Any) -> tuple[Any, Any]:
        outputs, kept = [], []
        for layer, tensors in zip(placed, parameters, strict=True):
            x, after = layer.call(tensors, layer.statistics, layer.stream, x)
            outputs.append(x)
            kept.append(after)
        return x, (outputs, kept)

    x = asked.put(case.x)
    if case.dy is None:
        y, (outputs, kept) = run(parameters, x)
    else:
        y, pullback, (outputs, kept) = asked.jax.vjp(run, parameters, x, has_aux=True)
    arrays = {"y": np.array(y), **{f"{index}.y": np.array(output) for index, output in enumerate(outputs)}}
    state: dict[str, Array] = {}
    for index, layer in enumerate(placed):
        state.update(_named(case.layers[index], index, layer.state, kept[index]))
    if case.dy is not None:
        gradients, dx = pullback(asked.put(case.dy, y.dtype))
        arrays["dx"] = np.array(dx)
        for index, layer in enumerate(placed):
            arrays.update(_named(case.layers[index], index, layer.gradients, gradients[index]))
    return Outcome(arrays, state)


def _named(layer: Case, index: int, names: Mapping[str, str], tensors: Tensors) -> dict[str, Array]:
    """Copies by the case's names for them; a tensor that is not there is left out."""
    return {f"{index}.{ours}": _ours(layer, tensors[theirs]) for theirs, ours in names.items() if theirs in tensors}


def _ours(layer: Case, value: Any) -> Array:
    """A copy in the shape of the case: Flax keeps kernels as [in, out], and nnx gain and bias flat."""
    array = np.array(value)
    if isinstance(layer, Dense):
        return array.T.copy() if array.ndim == 2 else array
    if isinstance(layer, LayerNorm):
        return array.reshape(layer.x.shape[layer.x.ndim - layer.normalized_rank :])
    return array


def _options(asked: Asked, scale: Array | None, bias: Array | None) -> dict[str, Any]:
    there = {"use_scale": scale is not None, "use_bias": bias is not None}
    return {**there, "dtype": asked.dtype, "param_dtype": asked.param_dtype}


def _batch_norm(asked: Asked, case: BatchNorm) -> _Placed:
    if case.momentum is None or case.running_mean is None or case.running_var is None:
        raise Unsupported("Flax's BatchNorm always tracks running statistics, and has no cumulative average")
    options = {"axis": case.channel_axis, "momentum": case.momentum, "epsilon": case.eps}
    options.update(_options(asked, case.gamma, case.beta))
    layer = layers.flax_layer(
        asked, "BatchNorm", case.running_mean.shape, options, use_running_average=not case.training
    )
    return _Placed(
        layer,
        {"scale": case.gamma, "bias": case.beta},
        {"scale": "dgamma", "bias": "dbeta"},
        layers.statistics(asked, {"mean": case.running_mean, "var": case.running_var}),
        {"mean": "running_mean", "var": "running_var"},
    )


def _layer_norm(asked: Asked, case: LayerNorm) -> _Placed:
    axes = tuple(range(-case.normalized_rank, 0))
    options = {"epsilon": case.eps, "reduction_axes": axes, "feature_axes": axes}
    options.update(_options(asked, case.gain, case.bias))
    parameters = {"scale": case.gain, "bias": case.bias}
    if asked.api == "flax.nnx":
        parameters = {name: value if value is None else value.reshape(-1) for name, value in parameters.items()}
    size = math.prod(case.x.shape[case.x.ndim - case.normalized_rank :])
    layer = layers.flax_layer(asked, "LayerNorm", (size,), options)
    return _Placed(layer, parameters, {"scale": "dgain", "bias": "dbias"})


def _dropout(asked: Asked, case: Dropout) -> _Placed:
    if asked.api == "flax.nnx":
        layer, stream = layers.nnx_dropout(case.rate, case.training, case.call)
        return _Placed(layer, stream=stream(case.seed))
    layer = layers.flax_layer(asked, "Dropout", (), {"rate": case.rate}, deterministic=not case.training)
    return _Placed(layer, stream=asked.jax.random.key(case.seed))


def _dense(asked: Asked, case: Dense) -> _Placed:
    options = {"use_bias": case.bias is not None, "dtype": asked.dtype, "param_dtype": asked.param_dtype}
    layer = layers.flax_layer(asked, "Linear", case.weight.shape[::-1], options)
    if case.activation:
        layer = layers.followed(layer, _function(asked, case.activation, {}))
    return _Placed(layer, {"kernel": case.weight.T, "bias": case.bias}, {"kernel": "dweight", "bias": "dbias"})


def _activation(asked: Asked, case: Activation) -> _Placed:
    return _Placed(_function(asked, case.name, case.parameters))


def _function(asked: Asked, name: str, parameters: Mapping[str, Any]) -> Layer:
    written = SPELLINGS[name]
    return layers.function(getattr(asked.library, written.name), tuple(written.arguments(parameters).items()))


_PLACES: Mapping[type[Case], Any] = {
    BatchNorm: _batch_norm,
    LayerNorm: _layer_norm,
    Dropout: _dropout,
    Dense: _dense,
    Activation: _activation,
}
