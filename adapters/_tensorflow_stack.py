"""A stack of layers as Keras layers that are called one after the other under one ``tf.GradientTape``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adapters._keras_layers import loaded, stored_as
from adapters._tensorflow_activations import KERAS, spelling
from adapters.base import Activation, Array, Case, Outcome, Stack, Subject, Unsupported


def stack(keras: Any, subject: Subject, case: Stack) -> Outcome:
    """Answers of the layers of ``keras``, which runs on TensorFlow."""
    import tensorflow as tf

    if subject.mode != "eager":
        raise Unsupported(f"stacks of layers in mode {subject.mode}")
    x = tf.constant(case.x)
    calls: list[Callable[[Any], Any]] = []
    held: dict[tuple[int, str], Any] = {}
    for index, layer in enumerate(case.layers):
        call, variables = _call(keras, layer)
        calls.append(call)
        held.update(((index, name), variable.value) for name, variable in variables.items())
    learnable = {key: tensor for key, tensor in held.items() if key[1] not in ("running_mean", "running_var")}
    arrays: dict[str, Array] = {}
    with tf.GradientTape() as tape:
        tape.watch([x, *learnable.values()])
        y = x
        for index, call in enumerate(calls):
            y = call(y)
            arrays[f"{index}.y"] = _array(y)
    arrays["y"] = _array(y)
    if case.dy is not None:
        zero = tf.UnconnectedGradients.ZERO
        dx, *gradients = tape.gradient(y, [x, *learnable.values()], tf.constant(case.dy), unconnected_gradients=zero)
        arrays["dx"] = _array(dx)
        for (index, name), gradient in zip(learnable, gradients, strict=True):
            arrays[f"{index}.d{name}"] = stored_as(case.layers[index], name, _array(gradient))
    state = {f"{i}.{name}": stored_as(case.layers[i], name, _array(tensor)) for (i, name), tensor in held.items()}
    return Outcome(arrays, state)


def _call(keras: Any, layer: Case) -> tuple[Callable[[Any], Any], dict[str, Any]]:
    """The layer as a function of its input, and its variables by the case's names."""
    if isinstance(layer, Activation) and layer.name != "prelu":
        written = spelling(KERAS, layer.name)
        function, arguments = written.function(keras), written.arguments(layer.parameters)
        return lambda x: function(x, **arguments), {}
    built, variables = loaded(keras, layer)
    training = getattr(layer, "training", None)
    return (lambda x: built(x) if training is None else built(x, training=training)), variables


def _array(tensor: Any) -> Array:
    return np.array(tensor.numpy(), order="C")
