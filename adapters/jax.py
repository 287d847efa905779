"""JAX: Flax's two layer APIs, ``flax.nnx`` and ``flax.linen``, and the functions of ``jax.nn``.

Every layer is asked with the defaults that its users get (``use_fast_variance=True``), operation by operation, with no
``jit`` of ours around it; gradients are ``jax.vjp`` with the case's own cotangent. What one must know of the three:

- float64 exists in JAX only under ``jax.enable_x64``, which is switched on for the float64 subjects alone;
- nnx keeps running statistics in float32 whatever ``dtype`` and ``param_dtype`` say, and is handed the case's in the
  dtype that it keeps; linen keeps the variables that it is given;
- both store a dense layer's weight as [in, out], so ``weight`` goes in, and its gradient comes out, transposed;
- ``jax.nn`` has activations, and in ``standardize`` a layer normalization without gain and bias.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from adapters._jax_layers import Asked, NnxBatchNorm, Tensors, flax_layer, function, nnx_dropout
from adapters.base import (
    ACTIVATIONS,
    NORMALIZATION,
    Activation,
    Adapter,
    Array,
    BatchNorm,
    BatchNormSteps,
    Case,
    Dense,
    Dialect,
    Dropout,
    LayerNorm,
    Outcome,
    Subject,
    Unsupported,
    first_order,
)
from adapters.steps import walk


@dataclass(frozen=True)
class Spelling:
    """How an activation is called: its name in the api, the arguments it always gets, and our parameters' keywords."""

    name: str
    always: Mapping[str, Any] = field(default_factory=dict)
    keywords: Mapping[str, str] = field(default_factory=dict)
    #: parameter -> the only value that the function has
    built_in: Mapping[str, float] = field(default_factory=dict)

    def arguments(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Keyword arguments of the call; Unsupported for a parameter that the function does not take."""
        given = dict(self.always)
        for parameter, value in parameters.items():
            if parameter in self.keywords:
                given[self.keywords[parameter]] = value
            elif self.built_in.get(parameter) != value:
                raise Unsupported(f"jax.nn.{self.name} takes no {parameter} (asked for {value})")
        return given


_ALPHA, _AXIS = {"alpha": "alpha"}, {"axis": "axis"}
SPELLINGS: Mapping[str, Spelling] = {
    "relu": Spelling("relu"),
    "leaky_relu": Spelling("leaky_relu", keywords={"negative_slope": "negative_slope"}),
    "relu6": Spelling("relu6"),
    "elu": Spelling("elu", keywords=_ALPHA),
    "celu": Spelling("celu", keywords=_ALPHA),
    "selu": Spelling("selu"),
    "gelu": Spelling("gelu", always={"approximate": False}),
    "gelu_tanh": Spelling("gelu", always={"approximate": True}),
    "silu": Spelling("silu"),
    "mish": Spelling("mish"),
    "sigmoid": Spelling("sigmoid"),
    "log_sigmoid": Spelling("log_sigmoid"),
    "tanh": Spelling("tanh"),
    "softplus": Spelling("softplus", built_in={"beta": 1.0}),
    "softsign": Spelling("soft_sign"),
    "hard_sigmoid": Spelling("hard_sigmoid"),
    "hard_swish": Spelling("hard_swish"),
    "hard_tanh": Spelling("hard_tanh"),
    "softmax": Spelling("softmax", keywords=_AXIS),
    "log_softmax": Spelling("log_softmax", keywords=_AXIS),
    "glu": Spelling("glu", keywords=_AXIS),
}


def _activation(asked: Asked, name: str, parameters: Mapping[str, Any]) -> Callable[[Any], Any]:
    spelling = SPELLINGS[name]
    return functools.partial(getattr(asked.library, spelling.name), **spelling.arguments(parameters))


def _normalization_options(asked: Asked, scale: Array | None, bias: Array | None) -> dict[str, Any]:
    """The options that the two normalizations share."""
    there = {"use_scale": scale is not None, "use_bias": bias is not None}
    return {**there, "dtype": asked.dtype, "param_dtype": asked.dtype}


def _batch_norm_options(asked: Asked, case: BatchNorm) -> dict[str, Any]:
    if case.momentum is None:
        raise Unsupported("Flax's BatchNorm has no cumulative average: momentum is a number")
    if case.running_mean is None or case.running_var is None:
        raise Unsupported("Flax's BatchNorm always tracks running statistics")
    options = {"axis": case.channel_axis, "momentum": case.momentum, "epsilon": case.eps}
    return options | _normalization_options(asked, case.gamma, case.beta)


def _ask_batch_norm(asked: Asked, case: BatchNorm) -> Outcome:
    options = _batch_norm_options(asked, case)
    assert case.running_mean is not None
    assert case.running_var is not None
    statistics = {"mean": case.running_mean, "var": case.running_var}
    # Where x has no such axis the layer is made for the statistics' size, and Flax is asked what it says to that x.
    there = -case.x.ndim <= case.channel_axis < case.x.ndim
    channels = (case.x.shape[case.channel_axis],) if there else case.running_mean.shape
    layer = flax_layer(asked, "BatchNorm", channels, options, statistics, use_running_average=not case.training)
    answer = asked.run(layer, {"scale": case.gamma, "bias": case.beta}, case.x, case.dy)
    state = {"mean": "running_mean", "var": "running_var", "scale": "gamma", "bias": "beta", "x": "x"}
    return answer.outcome({"scale": "dgamma", "bias": "dbeta"}, state)


def _ask_layer_norm(asked: Asked, case: LayerNorm) -> Outcome:
    axes = tuple(range(-case.normalized_rank, 0))
    if asked.api == "jax.nn":
        if case.gain is not None or case.bias is not None:
            raise Unsupported("jax.nn.standardize has neither gain nor bias")
        standardize = functools.partial(asked.library.standardize, axis=axes, epsilon=case.eps)
        return asked.run(function(standardize), {}, case.x, case.dy).outcome({})
    options = {"epsilon": case.eps, "reduction_axes": axes, "feature_axes": axes}
    options.update(_normalization_options(asked, case.gain, case.bias))
    parameters = {"scale": case.gain, "bias": case.bias}
    if asked.api == "flax.nnx":
        # nnx takes one number of features, several axes or not, and keeps gain and bias flat.
        parameters = {name: value if value is None else value.reshape(-1) for name, value in parameters.items()}
    normalized = case.x.shape[case.x.ndim - case.normalized_rank :]
    layer = flax_layer(asked, "LayerNorm", (math.prod(normalized),), options)
    answer = asked.run(layer, parameters, case.x, case.dy)
    arrays = answer.outcome({"scale": "dgain", "bias": "dbias"}).arrays
    return Outcome({name: v.reshape(normalized) if name in ("dgain", "dbias") else v for name, v in arrays.items()})


def _ask_dropout(asked: Asked, case: Dropout) -> Outcome:
    if case.features or case.noise_shape is not None:
        raise Unsupported("Flax's Dropout takes the axes that share a mask (broadcast_dims)")
    if asked.api == "flax.nnx":
        layer = nnx_dropout(asked, case.rate, case.seed, case.training, case.call, case.shared)
    elif case.call > 1:
        raise Unsupported("flax.linen's Dropout keeps no stream: it is handed its key in every call")
    else:
        key = asked.jax.random.key(case.seed)
        layer = flax_layer(
            asked,
            "Dropout",
            (),
            {"rate": case.rate, "broadcast_dims": case.shared},
            deterministic=not case.training,
            rngs={"dropout": key},
        )
    return asked.run(layer, {}, case.x, case.dy).outcome({})


def _ask_dense(asked: Asked, case: Dense) -> Outcome:
    options = {"use_bias": case.bias is not None, "dtype": asked.dtype, "param_dtype": asked.dtype}
    linear = flax_layer(asked, "Linear", case.weight.shape[::-1], options)
    activation = _activation(asked, case.activation, {}) if case.activation else None

    def neurons(parameters: Tensors, x: Any) -> tuple[Any, Tensors]:
        y, after = linear(parameters, x)
        return activation(y) if activation else y, after

    answer = asked.run(neurons, {"kernel": case.weight.T, "bias": case.bias}, case.x, case.dy)
    arrays = answer.outcome({"kernel": "dweight", "bias": "dbias"}).arrays
    return Outcome({name: value.T.copy() if name == "dweight" else value for name, value in arrays.items()})


def _ask_activation(asked: Asked, case: Activation) -> Outcome:
    if case.name == "prelu":
        return _ask_prelu(asked, case)
    return asked.run(function(_activation(asked, case.name, case.parameters)), {}, case.x, case.dy).outcome({})


def _ask_prelu(asked: Asked, case: Activation) -> Outcome:
    if case.alpha is None:
        raise ValueError("a case of prelu needs its slope: alpha, of shape [1] or [x.shape[1]]")
    if case.alpha.size != 1:
        raise Unsupported(f"Flax's PReLU has one slope for all channels (asked for {case.alpha.size})")
    layer = flax_layer(asked, "PReLU", (), {"param_dtype": asked.dtype})
    answer = asked.run(layer, {"negative_slope": case.alpha.reshape(())}, case.x, case.dy)
    arrays = answer.outcome({"negative_slope": "dalpha"}).arrays
    return Outcome({name: v.reshape(case.alpha.shape) if name == "dalpha" else v for name, v in arrays.items()})


def _operation(case: Case) -> tuple[str, Callable[[Asked, Any], Outcome]]:
    """The operation's name in an api's list, and who asks for it."""
    match case:
        case BatchNorm():
            return "batch_norm", _ask_batch_norm
        case BatchNormSteps():
            return "batch_norm", lambda asked, case: walk(
                case, NnxBatchNorm(asked, case.layer, _batch_norm_options(asked, case.layer))
            )
        case LayerNorm():
            return "layer_norm", _ask_layer_norm
        case Dropout():
            return "dropout", _ask_dropout
        case Dense():
            return "dense", _ask_dense
        case Activation():
            return case.name, _ask_activation
    raise Unsupported(f"a case of type {type(case).__name__}")


@functools.cache
def _device(name: str) -> tuple[Any, Any]:
    """The imported ``jax``, set up for an honest answer, and its device of that name; Unsupported if there is none."""
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    jax = importlib.import_module("jax")
    jax.config.update("jax_default_matmul_precision", "highest")
    try:
        return jax, jax.devices(name)[0]
    except RuntimeError as error:
        hint = "; for an NVIDIA GPU: pip install 'jax[cuda12]'" if name == "cuda" else ""
        raise Unsupported(f"JAX has no device {name} here ({error}){hint}") from error


def _float64(jax: Any) -> contextlib.AbstractContextManager[Any]:
    """64-bit types, by the context manager that the installed version has: once it was ``jax.experimental``'s."""
    home = jax if hasattr(jax, "enable_x64") else importlib.import_module("jax.experimental")
    context: contextlib.AbstractContextManager[Any] = home.enable_x64(True)
    return context


_FLAX = NORMALIZATION | {"dropout", "dense"} | (ACTIVATIONS - {"mish"})
#: Flax's momentum is that of the old statistic (documentation of ``BatchNorm``: "decay rate for the exponential moving
#: average"), the running variance is the batch's own, and dropout answers rate 1 with zeros.
_FLAX_DIALECT = Dialect(momentum="old", running_var_divisor="n", rate_one="zeros")


class Jax(Adapter):
    """The adapter; see the text of the module."""

    name: ClassVar[str] = "jax"
    modules: ClassVar[tuple[str, ...]] = ("jax",)
    distributions: ClassVar[tuple[str, ...]] = ("jax", "jaxlib", "flax")
    install: ClassVar[str] = "python -m pip install jax flax"
    apis: ClassVar[Mapping[str, frozenset[str]]] = {
        "flax.nnx": _FLAX,
        "flax.linen": _FLAX,
        "jax.nn": frozenset({"layer_norm"}) | (ACTIVATIONS - {"prelu"}),
    }
    devices: ClassVar[tuple[str, ...]] = ("cpu", "cuda")
    dialects: ClassVar[Mapping[str, Dialect]] = {
        "flax.nnx": _FLAX_DIALECT,
        "flax.linen": _FLAX_DIALECT,
        "jax.nn": Dialect(layer_norm_affine=False),  # jax.nn.standardize
    }

    def subjects(self, device: str = "cpu") -> Iterator[Subject]:
        """Every subject on one device; those of Flax only where Flax is installed."""
        flax = importlib.util.find_spec("flax") is not None
        return (subject for subject in super().subjects(device) if flax or not subject.api.startswith("flax."))

    def prepare(self, device: str) -> None:
        _device(device)

    def ask(self, subject: Subject, case: Case) -> Outcome:
        first_order(case)
        operation, ask = _operation(case)
        if operation not in self.apis[subject.api]:
            raise Unsupported(f"{subject.api} has no {operation}")
        jax, device = _device(subject.device)
        dtype = np.dtype(getattr(jax.numpy, subject.dtype))
        with _float64(jax) if subject.dtype == "float64" else contextlib.nullcontext(), jax.default_device(device):
            return ask(Asked(jax, subject.api, device, dtype), case)


ADAPTER = Jax()
