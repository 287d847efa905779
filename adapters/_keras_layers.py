"""Keras layers for a case: built, loaded, and which of their variables belongs to which array; on any Keras backend.

Source: https://keras.io/api/layers/ (momentum weighs the old statistic; the running variance is the biased one).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adapters._tensorflow_activations import KERAS, spelling
from adapters.base import Activation, Array, BatchNorm, Case, Dense, Dropout, DropoutKin, LayerNorm, Unsupported
from adapters.steps import Stateful

#: the case's name of an array -> the Keras layer's
STORED: Mapping[type[Case], Mapping[str, str]] = {
    BatchNorm: {"gamma": "gamma", "beta": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"},
    LayerNorm: {"gain": "gamma", "bias": "beta"},
    Dropout: {},
    DropoutKin: {},
    Dense: {"weight": "kernel", "bias": "bias"},
    Activation: {"alpha": "alpha"},
}

#: What Keras has of dropout's kin as a layer of one input.
KERAS_KIN = frozenset({"alpha_dropout", "gaussian_dropout"})


def loaded(keras: Any, case: Case) -> tuple[Any, dict[str, Any]]:
    """A layer that holds the case's parameters and statistics, and its variables by the case's names."""
    layer = _build(keras, case, {"dtype": _policy(case)})
    layer.build(case.x.shape)  # type: ignore[attr-defined]
    stored = STORED[type(case)].items()
    variables = {ours: getattr(layer, theirs) for ours, theirs in stored if getattr(case, ours) is not None}
    load(case, variables)
    return layer, variables


def load(case: Case, variables: Mapping[str, Any]) -> None:
    """Put the case's parameters and statistics into a layer's variables."""
    for name, variable in variables.items():
        variable.assign(to_store(case, name, getattr(case, name), variable.shape))


class KerasBatchNorm(Stateful):
    """A batch normalization that is called again and again."""

    def __init__(self, keras: Any, case: BatchNorm) -> None:
        self._keras, self._case = keras, case
        self._layer, _ = loaded(keras, case)

    def call(self, x: Array, training: bool) -> Array:
        return np.array(self._keras.ops.convert_to_numpy(self._layer(x, training=training)), order="C")

    def statistics(self) -> tuple[Array, Array]:
        mean, variance = (
            np.array(self._keras.ops.convert_to_numpy(variable), order="C")
            for variable in (self._layer.moving_mean, self._layer.moving_variance)
        )
        return mean, variance

    def save(self) -> Any:
        return [np.array(weight) for weight in self._layer.get_weights()]

    def load(self, saved: Any) -> None:
        self._layer.set_weights(saved)

    def new(self) -> Stateful:
        return KerasBatchNorm(self._keras, self._case)

    def reset(self) -> None:
        # Keras has no method for it: the initializers that the layer was made with.
        layer = self._layer
        layer.moving_mean.assign(layer.moving_mean_initializer(layer.moving_mean.shape))
        layer.moving_variance.assign(layer.moving_variance_initializer(layer.moving_variance.shape))


def stored_as(case: Case, name: str, array: Array) -> Array:
    """An array in the shape of the case: Keras has kernels of [in, out] and slopes of [C, 1, ...]."""
    if isinstance(case, Dense) and name == "weight":
        return array.T.copy()
    if isinstance(case, Activation) and case.alpha is not None and name == "alpha":
        return array.reshape(case.alpha.shape)
    return array


def _build(keras: Any, case: Case, options: dict[str, Any]) -> Any:
    match case:
        case BatchNorm():
            if case.momentum is None:
                raise Unsupported("keras.layers.BatchNormalization has no cumulative averaging (momentum=None)")
            if case.running_mean is None or case.running_var is None:
                raise Unsupported("keras.layers.BatchNormalization always tracks its running statistics")
            options.update(center=case.beta is not None, scale=case.gamma is not None)
            return keras.layers.BatchNormalization(case.channel_axis, case.momentum, case.eps, **options)
        case LayerNorm():
            options.update(center=case.bias is not None, scale=case.gain is not None)
            return keras.layers.LayerNormalization(list(range(-case.normalized_rank, 0)), case.eps, **options)
        case Dropout():
            return _dropout(keras, case, options)
        case DropoutKin(kind="alpha_dropout"):
            return keras.layers.AlphaDropout(case.rate, seed=case.seed, **options)
        case DropoutKin(kind="gaussian_dropout"):
            return keras.layers.GaussianDropout(case.rate, seed=case.seed, **options)
        case Dense():
            need_batch(case, "keras.layers.Dense")
            options.update(activation=_named(case.activation), use_bias=case.bias is not None)
            return keras.layers.Dense(case.weight.shape[0], **options)
        case Activation():
            if case.alpha is None:
                raise ValueError("a case of prelu needs its slope: alpha, of shape [1] or [x.shape[1]]")
            need_batch(case, "keras.layers.PReLU")
            per_channel = case.alpha.shape == case.x.shape[1:2]
            return keras.layers.PReLU(shared_axes=list(range(2 if per_channel else 1, case.x.ndim)), **options)
    raise Unsupported(f"the Keras adapter does not know the question {type(case).__name__}")


def _dropout(keras: Any, case: Dropout, options: dict[str, Any]) -> Any:
    if case.globally:
        keras.utils.set_random_seed(case.seed)
    else:
        options["seed"] = case.seed
    for _ in range(case.layer - 1):
        # Those of a model that are made, and called, before the one that answers.
        keras.layers.Dropout(case.rate, **options)(keras.ops.convert_to_tensor(case.x), training=case.training)
    if case.recomputed:
        if not hasattr(keras, "RematScope"):
            raise Unsupported("this version of Keras has no RematScope")
        with keras.RematScope(mode="full"):
            return _one_dropout(keras, case, options)
    return _one_dropout(keras, case, options)


def _one_dropout(keras: Any, case: Dropout, options: dict[str, Any]) -> Any:
    if not case.features:
        noise = case.mask_shape if case.shared or case.noise_shape is not None else None
        return keras.layers.Dropout(case.rate, noise, **options)
    rank = case.x.ndim - 2
    layouts = {tuple(range(1, rank + 1)): "channels_last", tuple(range(2, rank + 2)): "channels_first"}
    if rank not in (1, 2, 3) or case.shared not in layouts or (rank == 1 and case.shared != (1,)):
        raise Unsupported("Keras drops channels that have one to three axes, the channels last where it is one")
    if rank > 1:
        options["data_format"] = layouts[case.shared]
    return getattr(keras.layers, f"SpatialDropout{rank}D")(case.rate, **options)


def _policy(case: Case) -> str:
    """Keras's name for the dtypes of a layer: one dtype, or 16-bit computation with float32 variables."""
    dtypes = {name: array.dtype.name for name, array in case.arrays() if name not in ("dy", "ddx")}
    compute, held = dtypes.pop("x"), set(dtypes.values())
    if case.foreign:  # what comes in is the layer's business: it is made as it is for its parameters, or by default
        compute = next(iter(held), "float32")
    if held <= {compute}:
        return compute
    if held == {"float32"} and compute in ("float16", "bfloat16"):
        return f"mixed_{compute}"
    raise Unsupported(f"Keras has no policy to compute in {compute} with variables in {' and '.join(sorted(held))}")


def _named(activation: str | None) -> str | None:
    """The string that ``keras.layers.Dense`` takes for an activation without arguments."""
    if activation is None:
        return None
    written = spelling(KERAS, activation)
    if written.fixed:
        raise Unsupported(f"keras.layers.Dense takes no name for {activation} and its arguments")
    return written.path.removeprefix("activations.")


def to_store(case: Case, name: str, value: Array, shape: tuple[int, ...]) -> Array:
    """An array of the case in the shape that Keras stores it in."""
    if isinstance(case, Dense) and name == "weight":
        return value.T
    return value.reshape(shape) if isinstance(case, Activation) and name == "alpha" else value


def need_batch(case: Dense | Activation, what: str) -> None:
    if case.x.ndim < 2:
        raise Unsupported(f"{what} needs a batch axis before the features")
