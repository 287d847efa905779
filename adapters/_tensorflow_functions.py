"""The functions of ``tf.nn`` and ``keras.ops`` as programs: no state, and every parameter an argument.

``tf.nn``'s batch norm is ``tf.nn.moments`` and ``tf.nn.batch_normalization``, ``keras.ops``' is ``moments`` and
``batch_normalization``, joined as their documentation says, without momentum. ``tf.nn`` has no layer norm and a dropout
for training alone. ``tf.compat.v1.nn.fused_batch_norm``, the one kernel that saved models and exported graphs run,
takes ranks 4 and 5; smaller ones get axes of size 1, as TensorFlow's own layers did it.

Sources: https://www.tensorflow.org/api_docs/python/tf/nn, https://keras.io/api/ops/nn/ and
https://www.tensorflow.org/api_docs/python/tf/compat/v1/nn/fused_batch_norm
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters._keras_layers import need_batch
from adapters._tensorflow_activations import KERAS_OPS, TF_NN, spelling
from adapters._tensorflow_programs import Program, Tensors
from adapters.base import Activation, BatchNorm, Case, Dense, Dropout, LayerNorm, Unsupported

# ------------------------------------------------------------------ tf.nn


def tf_nn(tf: Any, case: Case) -> Program:
    match case:
        case BatchNorm():
            return Program(lambda given: {"y": _moments_and_norm(tf, case, given)})
        case Dropout():
            if not case.training:
                raise Unsupported("tf.nn.dropout is for training alone")
            if case.features:
                raise Unsupported("tf.nn has no dropout of its own for whole features")
            noise = case.mask_shape if case.shared or case.noise_shape is not None else None
            # A seed for the process as well: an operation's own one goes on from call to call, and a trace keeps both.
            tf.random.set_seed(case.seed)
            if case.layer > 1:
                raise Unsupported("a function of tf.nn is no layer, of which a model has several")

            def drop(x: Any) -> Any:
                return tf.nn.dropout(x, case.rate, noise, seed=None if case.globally else case.seed)

            call = tf.recompute_grad(drop) if case.recomputed else drop
            return Program(lambda given: {"y": call(given["x"])}, load=None)
        case Dense():
            need_batch(case, "tf.linalg.matmul")
            return Program(lambda given: {"y": _neurons(tf, case, given)})
        case Activation():
            written = spelling(TF_NN, case.name)
            function, arguments = written.function(tf), written.arguments(case.parameters)
            return Program(lambda given: {"y": function(given["x"], **arguments)})
    raise Unsupported(f"tf.nn has no {type(case).__name__}")


def _moments_and_norm(tf: Any, case: BatchNorm, given: Tensors) -> Any:
    x, axis = given["x"], _axis(case)
    last = axis == case.x.ndim - 1
    # tf.nn takes statistics and parameters of shape [C] for channels on the last axis, else of the rank of x.
    shape = [-1 if each == axis else 1 for each in range(case.x.ndim)]
    shaped = {name: tensor if last else tf.reshape(tensor, shape) for name, tensor in given.items() if name != "x"}
    mean, variance = shaped.get("running_mean"), shaped.get("running_var")
    if case.training:
        mean, variance = tf.nn.moments(x, _others(case), keepdims=not last)
    elif mean is None or variance is None:
        raise Unsupported("tf.nn.batch_normalization takes the statistics that inference needs from its caller")
    return tf.nn.batch_normalization(x, mean, variance, shaped.get("beta"), shaped.get("gamma"), case.eps)


def _others(case: BatchNorm) -> list[int]:
    """Every axis but that of the channels."""
    return [each for each in range(case.x.ndim) if each != _axis(case)]


def _axis(case: BatchNorm) -> int:
    """The channels' axis, counted from the first; Unsupported where x has none, for no function here takes one."""
    if not -case.x.ndim <= case.channel_axis < case.x.ndim:
        raise Unsupported("a channel axis: the caller of these functions chooses the axes of the statistics")
    return case.channel_axis % case.x.ndim


def _neurons(tf: Any, case: Dense, given: Tensors) -> Any:
    y = tf.linalg.matmul(given["x"], given["weight"])
    if "bias" in given:
        y = tf.nn.bias_add(y, given["bias"])
    if case.activation is None:
        return y
    written = spelling(TF_NN, case.activation)
    return written.function(tf)(y, **written.fixed)


# ------------------------------------------------------------------ the fused kernel


def fused(tf: Any, case: Case, *, convolved: bool = False) -> Program:
    """The fused batch norm; ``convolved``: in inference and behind a convolution, which TensorFlow makes one with it
    where both are traced. The convolution's kernel is the identity.
    """
    what = "tf.compat.v1.nn.fused_batch_norm"
    if not isinstance(case, BatchNorm):
        raise Unsupported(f"{what} is a batch norm")
    if case.gamma is None or case.beta is None:
        raise Unsupported(f"{what} always has scale and offset")
    if case.training and case.momentum is None:
        raise Unsupported(f"{what} has no cumulative averaging")
    if not case.training and case.running_mean is None:
        raise Unsupported(f"{what} takes the statistics that inference needs from its caller")
    if convolved and (case.training or case.x.ndim not in (2, 3, 4) or _axis(case) != case.x.ndim - 1):
        raise Unsupported("tf.nn.conv2d and batch norm become one in inference, in rank 4, with channels last")
    return Program(lambda given: _fused(tf, case, given, convolved=convolved))


#: Rank of x -> the axes of size 1 that make it an image, channels last and first.
_ADDED: Mapping[int, Mapping[str, tuple[int, ...]]] = {
    2: {"last": (1, 2), "first": (1, 2)},
    3: {"last": (2,), "first": (3,)},
}


def _fused(tf: Any, case: BatchNorm, given: Tensors, *, convolved: bool) -> Tensors:
    x, rank = given["x"], case.x.ndim
    place = "last" if _axis(case) == rank - 1 or rank < 3 else "first"
    added = _ADDED.get(rank, {}).get(place, ())
    for axis in added:
        x = tf.expand_dims(x, axis)
    if convolved:
        channels = case.x.shape[-1]
        x = tf.nn.conv2d(x, tf.reshape(tf.eye(channels), [1, 1, channels, channels]), 1, "SAME")
    # With all its weight on the new statistics the function wants no old ones.
    averaged = not case.training or (case.momentum != 1.0 and "running_mean" in given)
    space = "DHW" if rank == 5 else "HW"
    y, mean, variance = tf.compat.v1.nn.fused_batch_norm(
        x,
        given["gamma"],
        given["beta"],
        given["running_mean"] if averaged else None,
        given["running_var"] if averaged else None,
        epsilon=case.eps,
        data_format=f"N{space}C" if place == "last" else f"NC{space}",
        is_training=case.training,
        exponential_avg_factor=case.momentum if case.training and averaged else 1.0,
    )
    found = {"y": tf.squeeze(y, added) if added else y}
    # Whoever looks at the statistics keeps TensorFlow from making one of the two operations.
    kept = "running_mean" in given and not convolved
    return found | ({"running_mean": mean, "running_var": variance} if kept else {})


# ------------------------------------------------------------------ keras.ops


def keras_ops(keras: Any, case: Case) -> Program:
    ops = keras.ops
    match case:
        case BatchNorm():
            return Program(lambda given: {"y": _ops_batch_norm(ops, case, given)})
        case LayerNorm():
            if not hasattr(ops, "layer_normalization"):
                raise Unsupported("this version of Keras has no keras.ops.layer_normalization")
            axes = [*range(-case.normalized_rank, 0)]

            def norm(given: Tensors) -> Tensors:
                gain, bias = given.get("gain"), given.get("bias")
                return {"y": ops.layer_normalization(given["x"], gain, bias, axis=axes, epsilon=case.eps)}

            return Program(norm)
        case Activation():
            written = spelling(KERAS_OPS, case.name)
            function, arguments = written.function(keras), written.arguments(case.parameters)
            return Program(lambda given: {"y": function(given["x"], **arguments)})
    raise Unsupported(f"keras.ops has no {type(case).__name__}")


def _ops_batch_norm(ops: Any, case: BatchNorm, given: Tensors) -> Any:
    mean, variance = given.get("running_mean"), given.get("running_var")
    if case.training:
        mean, variance = ops.moments(given["x"], _others(case))
    elif mean is None or variance is None:
        raise Unsupported("keras.ops.batch_normalization takes the statistics that inference needs from its caller")
    beta, gamma = given.get("beta"), given.get("gamma")
    return ops.batch_normalization(given["x"], mean, variance, case.channel_axis, beta, gamma, case.eps)
