"""TensorFlow: the layers of Keras 3 on the TensorFlow backend, and the functions of ``tf.nn``, eager.

A case becomes tensors of the dtypes that its arrays have, one layer or function, one call under a ``tf.GradientTape``
and, where ``dy`` is given, one ``tape.gradient``; nothing is computed here. What the output does not depend on has a
gradient of zero (``tf.UnconnectedGradients.ZERO``). Weights reach a Keras layer through ``assign``, which refuses a
wrong size. ``tf.nn`` keeps no state: its batch norm is ``tf.nn.moments`` and ``tf.nn.batch_normalization``, joined
as the latter's documentation says, without momentum. It has no layer norm, and a dropout for training alone.

Source of names and conventions: https://keras.io/api/layers/ and https://www.tensorflow.org/api_docs/python/tf/nn
(Keras: momentum weighs the old statistic; the running variance is the biased one).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

import numpy as np

from adapters._keras_layers import KerasBatchNorm, loaded, need_batch, stored_as
from adapters._tensorflow_activations import KERAS, TF_NN, spelling
from adapters.base import (
    NORMALIZATION,
    SIXTEEN_BITS,
    Activation,
    Adapter,
    Array,
    BatchNorm,
    BatchNormSteps,
    Case,
    Dense,
    Dialect,
    Dropout,
    Outcome,
    Subject,
    Unsupported,
    first_order,
    tensor_dtype,
)
from adapters.steps import walk

#: The suite's name -> the tensor or variable that the framework holds under it.
Tensors = dict[str, Any]

_DEVICES = {"cpu": "/CPU:0", "cuda": "/GPU:0"}


class TensorFlow(Adapter):
    """Subjects ``backend=tensorflow api=keras`` and ``api=tf.nn``; TensorFlow 2.16 and Keras 3 or later."""

    name = "tensorflow"
    modules = ("tensorflow", "keras")
    distributions = ("tensorflow", "tensorflow-cpu", "keras")
    install = "python -m pip install tensorflow"
    apis = MappingProxyType(
        {
            "keras": NORMALIZATION | {"dropout", "dense", "prelu"} | KERAS.keys(),
            "tf.nn": frozenset({"batch_norm", "dropout", "dense"}) | TF_NN.keys(),
        }
    )
    modes = ("eager",)
    devices = ("cpu",)
    dtypes = ("float32", "float64", *SIXTEEN_BITS)
    dialects = MappingProxyType(
        {
            "keras": Dialect(momentum="old", running_var_divisor="n", rate_one="zeros"),
            "tf.nn": Dialect(momentum="old", running_var_divisor="n", rate_one="refused"),
        }
    )

    def versions(self) -> dict[str, str]:
        """TensorFlow is one, under whichever of its distributions' names it was installed."""
        found = super().versions()
        if "tensorflow-cpu" in found:
            found = {"tensorflow": found.pop("tensorflow-cpu"), **found}
        return found

    def prepare(self, device: str) -> None:
        """One thread (many are slower on small tensors), no TF32, and of a GPU's memory no more than is used."""
        if device not in _DEVICES:
            raise Unsupported(f"the tensorflow adapter knows the devices {' and '.join(_DEVICES)}, not {device}")
        tf = _tensorflow()
        # TensorFlow refuses these once it runs; the answers are as honest then, only slower.
        with suppress(RuntimeError):
            tf.config.threading.set_intra_op_parallelism_threads(1)
            tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.config.experimental.enable_tensor_float_32_execution(False)
        gpus = tf.config.list_physical_devices("GPU")
        if device == "cuda" and not gpus:
            raise Unsupported(f"tensorflow {tf.__version__} finds no GPU here")
        for gpu in gpus:
            with suppress(RuntimeError):
                tf.config.experimental.set_memory_growth(gpu, True)
        # tf.nn can be asked without Keras; a question to Keras says what is wrong.
        with suppress(Unsupported):
            _keras()

    def ask(self, subject: Subject, case: Case) -> Outcome:
        answer = _ANSWERS.get(subject.api)
        if answer is None or subject.mode not in self.modes or subject.device not in _DEVICES:
            raise Unsupported(f"the tensorflow adapter does not offer {subject}")
        tf = _tensorflow()
        with tf.device(_DEVICES[subject.device]):
            first_order(case)
            if isinstance(case, BatchNormSteps):
                if subject.api != "keras" or subject.mode != "eager":
                    raise Unsupported("a layer that keeps its state is asked of keras, eagerly")
                return walk(case, KerasBatchNorm(_keras(), case.layer))
            tensors = {name: tf.constant(array) for name, array in case.arrays()}
            if (dtype := tensors["x"].dtype.name) != tensor_dtype(subject.dtype):
                raise ValueError(f"the case's x is {dtype}, which is not a question to {subject}")
            cotangent = tensors.pop("dy", None)
            forward = answer(case, tensors)
            # tf.nn keeps nothing: what it was given is no state of its own.
            kept = tensors if subject.api == "keras" else {"x"}
            leaves = {name: tensor for name, tensor in tensors.items() if name not in _STATISTICS}
            with tf.GradientTape() as tape:
                tape.watch(list(leaves.values()))
                y = forward()
            arrays = {"y": _array(y)}
            if cotangent is not None:
                unconnected = tf.UnconnectedGradients.ZERO
                gradients = tape.gradient(y, leaves, output_gradients=cotangent, unconnected_gradients=unconnected)
                arrays.update((f"d{name}", stored_as(case, name, _array(gradients[name]))) for name in leaves)
            state = {name: stored_as(case, name, _array(tensor)) for name, tensor in tensors.items() if name in kept}
            return Outcome(arrays, state)


# ------------------------------------------------------------------ the framework


@functools.cache
def _tensorflow() -> Any:
    """The package ``tensorflow``, with its log quiet unless the user has set the level."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow

    return tensorflow


@functools.cache
def _keras() -> Any:
    """The package ``keras``, on TensorFlow: Unsupported where the process has it on another backend."""
    chosen = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if chosen == "tensorflow":
        import keras

        chosen = keras.backend.backend()
    if chosen != "tensorflow":
        raise Unsupported(f"Keras runs on {chosen} here: set KERAS_BACKEND=tensorflow before it is imported")
    return keras


def _array(tensor: Any) -> Array:
    """A copy of a tensor's values in the NumPy dtype of the same name."""
    return np.array(tensor.numpy(), order="C")


# ------------------------------------------------------------------ keras


def _layers(case: Case, tensors: Tensors) -> Callable[[], Any]:
    """A Keras layer, loaded, or a function of ``keras.activations``; ``tensors`` then holds the layer's variables."""
    keras, x = _keras(), tensors["x"]
    if isinstance(case, Activation) and case.name != "prelu":
        written = spelling(KERAS, case.name)
        function, arguments = written.function(keras), written.arguments(case.parameters)
        return lambda: function(x, **arguments)
    layer, variables = loaded(keras, case)
    tensors.update((name, variable.value) for name, variable in variables.items())
    training = getattr(case, "training", None)
    for _ in range(getattr(case, "call", 1) - 1):
        layer(x, training=training)
    return lambda: layer(x) if training is None else layer(x, training=training)


# ------------------------------------------------------------------ tf.nn


def _functions(case: Case, tensors: Tensors) -> Callable[[], Any]:
    """The case as the call, or the documented pair of calls, of ``tf.nn``."""
    tf, x = _tensorflow(), tensors["x"]
    match case:
        case BatchNorm():
            return functools.partial(_batch_norm, tf, case, tensors)
        case Dropout():
            if not case.training:
                raise Unsupported("tf.nn.dropout is for training alone")
            if case.features:
                raise Unsupported("tf.nn has no dropout of its own for whole features")
            noise = case.mask_shape if case.shared or case.noise_shape is not None else None
            # A seed for the process as well: an operation's own one goes on from call to call.
            tf.random.set_seed(case.seed)
            for _ in range(case.call - 1):
                tf.nn.dropout(x, case.rate, noise, seed=case.seed)
            return lambda: tf.nn.dropout(x, case.rate, noise, seed=case.seed)
        case Dense():
            need_batch(case, "tf.linalg.matmul")
            tensors["weight"] = tf.constant(case.weight.T)
            return functools.partial(_dense, tf, case, tensors)
        case Activation():
            written = spelling(TF_NN, case.name)
            function, arguments = written.function(tf), written.arguments(case.parameters)
            return lambda: function(x, **arguments)
    raise Unsupported(f"tf.nn has no {type(case).__name__}")


def _batch_norm(tf: Any, case: BatchNorm, tensors: Tensors) -> Any:
    x, axis = tensors["x"], case.channel_axis % case.x.ndim
    last = axis == case.x.ndim - 1
    # tf.nn takes statistics and parameters of shape [C] for channels on the last axis, else of the rank of x.
    shape = [-1 if each == axis else 1 for each in range(case.x.ndim)]
    shaped = {name: tensor if last else tf.reshape(tensor, shape) for name, tensor in tensors.items() if name != "x"}
    mean, variance = shaped.get("running_mean"), shaped.get("running_var")
    if case.training:
        others = [each for each in range(case.x.ndim) if each != axis]
        mean, variance = tf.nn.moments(x, others, keepdims=not last)
    elif mean is None or variance is None:
        raise Unsupported("tf.nn.batch_normalization takes the statistics that inference needs from its caller")
    return tf.nn.batch_normalization(x, mean, variance, shaped.get("beta"), shaped.get("gamma"), case.eps)


def _dense(tf: Any, case: Dense, tensors: Tensors) -> Any:
    y = tf.linalg.matmul(tensors["x"], tensors["weight"])
    if "bias" in tensors:
        y = tf.nn.bias_add(y, tensors["bias"])
    if case.activation is None:
        return y
    written = spelling(TF_NN, case.activation)
    return written.function(tf)(y, **written.fixed)


# ------------------------------------------------------------------ shared


_STATISTICS = frozenset({"running_mean", "running_var"})
_ANSWERS: Mapping[str, Callable[[Case, Tensors], Callable[[], Any]]] = {"keras": _layers, "tf.nn": _functions}


ADAPTER = TensorFlow()
