"""A stack of Flax layers as one function of its tensors, pulled back by one ``jax.vjp``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adapters._jax_layers import Asked, Layer, Tensors, flax_layer, function, nnx_dropout
from adapters.base import Activation, Array, BatchNorm, Case, Dense, Dropout, LayerNorm, Outcome, Stack, Unsupported


@dataclass(frozen=True)
class _Placed:
    """A layer as a function; its parameters, and the names that it answers under: Flax's name -> ours."""

    call: Layer
    parameters: Mapping[str, Array | None] = field(default_factory=dict)
    gradients: Mapping[str, str] = field(default_factory=dict)
    state: Mapping[str, str] = field(default_factory=dict)


def ask_stack(asked: Asked, case: Stack) -> Outcome:
    """Answers of the layers of ``flax.nnx`` or ``flax.linen``."""
    placed = [_PLACES[type(layer)](asked, layer) for layer in case.layers]
    parameters: list[Tensors] = [
        {name: asked.put(value) for name, value in layer.parameters.items() if value is not None} for layer in placed
    ]

    def run(parameters: list[Tensors], x: Any) -> tuple[Any, Any]:
        outputs, kept = [], []
        for layer, tensors in zip(placed, parameters, strict=True):
            x, after = layer.call(tensors, x)
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
        state |= _named(case, index, kept[index], layer.state)
    if case.dy is not None:
        gradients, dx = pullback(asked.put(case.dy, y.dtype))
        arrays["dx"] = np.array(dx)
        for index, layer in enumerate(placed):
            arrays |= _named(case, index, gradients[index], layer.gradients)
    return Outcome(arrays, state)


def _named(case: Stack, index: int, tensors: Tensors, names: Mapping[str, str]) -> dict[str, Array]:
    """Copies of the tensors that are there, by our names and in the shape of the case: Flax keeps kernels as [in, out],
    and nnx gain and bias flat.
    """
    layer, found = case.layers[index], {}
    for theirs, ours in names.items():
        if theirs in tensors:
            array = np.array(tensors[theirs])
            if isinstance(layer, LayerNorm):
                array = array.reshape(layer.x.shape[layer.x.ndim - layer.normalized_rank :])
            found[f"{index}.{ours}"] = array.T.copy() if ours == "dweight" else array
    return found


def _options(asked: Asked, scale: Array | None, bias: Array | None) -> dict[str, Any]:
    there = {"use_scale": scale is not None, "use_bias": bias is not None}
    return {**there, "dtype": asked.dtype, "param_dtype": asked.dtype}


def _batch_norm(asked: Asked, case: BatchNorm) -> _Placed:
    if case.momentum is None or case.running_mean is None or case.running_var is None:
        raise Unsupported("Flax's BatchNorm always tracks running statistics, and has no cumulative average")
    options = {"axis": case.channel_axis, "momentum": case.momentum, "epsilon": case.eps}
    options.update(_options(asked, case.gamma, case.beta))
    statistics = {"mean": case.running_mean, "var": case.running_var}
    layer = flax_layer(
        asked, "BatchNorm", case.running_mean.shape, options, statistics, use_running_average=not case.training
    )
    parameters, gradients = {"scale": case.gamma, "bias": case.beta}, {"scale": "dgamma", "bias": "dbeta"}
    return _Placed(layer, parameters, gradients, {"mean": "running_mean", "var": "running_var"})


def _layer_norm(asked: Asked, case: LayerNorm) -> _Placed:
    axes = tuple(range(-case.normalized_rank, 0))
    options = {"epsilon": case.eps, "reduction_axes": axes, "feature_axes": axes}
    options.update(_options(asked, case.gain, case.bias))
    parameters = {"scale": case.gain, "bias": case.bias}
    if asked.api == "flax.nnx":
        parameters = {name: value if value is None else value.reshape(-1) for name, value in parameters.items()}
    size = math.prod(case.x.shape[case.x.ndim - case.normalized_rank :])
    layer = flax_layer(asked, "LayerNorm", (size,), options)
    return _Placed(layer, parameters, {"scale": "dgain", "bias": "dbias"})


def _dropout(asked: Asked, case: Dropout) -> _Placed:
    if asked.api == "flax.nnx":
        return _Placed(nnx_dropout(asked, case.rate, case.seed, case.training, case.call))
    rngs = {"dropout": asked.jax.random.key(case.seed)}
    return _Placed(flax_layer(asked, "Dropout", (), {"rate": case.rate}, deterministic=not case.training, rngs=rngs))


def _dense(asked: Asked, case: Dense) -> _Placed:
    options = {"use_bias": case.bias is not None, "dtype": asked.dtype, "param_dtype": asked.dtype}
    linear = flax_layer(asked, "Linear", case.weight.shape[::-1], options)
    activation = _function(asked, case.activation, {}) if case.activation else None

    def neurons(parameters: Tensors, x: Any) -> tuple[Any, Tensors]:
        y, after = linear(parameters, x)
        return activation(y) if activation else y, after

    return _Placed(neurons, {"kernel": case.weight.T, "bias": case.bias}, {"kernel": "dweight", "bias": "dbias"})


def _activation(asked: Asked, case: Activation) -> _Placed:
    return _Placed(function(_function(asked, case.name, case.parameters)))


def _function(asked: Asked, name: str, parameters: Mapping[str, Any]) -> Any:
    from adapters.jax import SPELLINGS

    written = SPELLINGS[name]
    call, arguments = getattr(asked.library, written.name), written.arguments(parameters)
    return lambda x: call(x, **arguments)


_PLACES: Mapping[type[Case], Any] = {
    BatchNorm: _batch_norm,
    LayerNorm: _layer_norm,
    Dropout: _dropout,
    Dense: _dense,
    Activation: _activation,
}
