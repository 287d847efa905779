"""JAX: Flax's two layer APIs, ``flax.nnx`` and ``flax.linen``, and the functions of ``jax.nn``.

Every layer is asked with the defaults that its users get (``use_fast_variance=True``), in three modes: operation by
operation (``eager``), under ``jax.jit``, and under ``jax.vmap`` beside another lane, compiled. Derivatives are taken
inside. What one must know of the three apis:

- float64 exists in JAX only under ``jax.enable_x64``, which is switched on for the float64 subjects alone;
- ``dtype`` is what a layer of Flax computes in, ``param_dtype`` what it stores: they differ in mixed precision alone;
- nnx keeps running statistics in float32 whatever they say, and is handed the case's in the dtype that it keeps; linen
  keeps the variables that it is given;
- both store a dense layer's weight as [in, out], so ``weight`` goes in, and its gradient comes out, transposed;
- ``jax.nn`` has activations, and in ``standardize`` a layer normalization without gain and bias, and so no mixed
  precision. Flax re-exports the activations: but for float32 in ``eager``, ``jax.nn`` alone is asked for them.

A run is mostly compilation. ``JAX_COMPILATION_CACHE_DIR=FOLDER JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0`` in the
environment keep the compiled programs for the next one.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import itertools
import math
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from adapters import _jax_layers as layers
from adapters._jax_activations import SPELLINGS
from adapters._jax_programs import Asked, Layer, Stream
from adapters._jax_stack import ask_stack
from adapters._jax_steps import NnxBatchNorm
from adapters.base import (
    ACTIVATIONS,
    BRIEF_DROPOUT,
    KIN,
    MIXED,
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
    DropoutCount,
    DropoutKin,
    LayerNorm,
    Outcome,
    Stack,
    Subject,
    Unsupported,
    eager_dropout,
    parameter_dtype,
    tensor_dtype,
)
from adapters.steps import walk


def _activation(asked: Asked, name: str, parameters: Mapping[str, Any]) -> Layer:
    spelling = SPELLINGS[name]
    return layers.function(getattr(asked.library, spelling.name), tuple(spelling.arguments(parameters).items()))


def _normalization_options(asked: Asked, scale: Array | None, bias: Array | None) -> dict[str, Any]:
    """The options that the two normalizations share."""
    there = {"use_scale": scale is not None, "use_bias": bias is not None}
    return {**there, "dtype": asked.dtype, "param_dtype": asked.param_dtype}


def _batch_norm_options(asked: Asked, case: BatchNorm) -> dict[str, Any]:
    if case.momentum is None:
        raise Unsupported("Flax's BatchNorm has no cumulative average: momentum is a number")
    if case.running_mean is None or case.running_var is None:
        raise Unsupported("Flax's BatchNorm always tracks running statistics")
    options = {"axis": case.channel_axis, "momentum": case.momentum, "epsilon": case.eps}
    return options | _normalization_options(asked, case.gamma, case.beta)


def _ask_steps(asked: Asked, case: BatchNormSteps) -> Outcome:
    if asked.mode != "eager":
        raise Unsupported(f"a layer that keeps its state in mode {asked.mode}")
    return walk(case, NnxBatchNorm(asked, case.layer, _batch_norm_options(asked, case.layer)))


def _ask_batch_norm(asked: Asked, case: BatchNorm) -> Outcome:
    options = _batch_norm_options(asked, case)
    assert case.running_mean is not None
    assert case.running_var is not None
    statistics = layers.statistics(asked, {"mean": case.running_mean, "var": case.running_var})
    # Where x has no such axis the layer is made for the statistics' size, and Flax is asked what it says to that x.
    there = -case.x.ndim <= case.channel_axis < case.x.ndim
    channels = (case.x.shape[case.channel_axis],) if there else case.running_mean.shape
    layer = layers.flax_layer(asked, "BatchNorm", channels, options, use_running_average=not case.training)
    answer = asked.run(layer, case, {"scale": "gamma", "bias": "beta"}, statistics=statistics)
    state = {"mean": "running_mean", "var": "running_var", "scale": "gamma", "bias": "beta", "x": "x"}
    return answer.outcome({"scale": "dgamma", "bias": "dbeta"}, state)


def _ask_layer_norm(asked: Asked, case: LayerNorm) -> Outcome:
    axes = tuple(range(-case.normalized_rank, 0))
    if asked.api == "jax.nn":
        if case.gain is not None or case.bias is not None:
            raise Unsupported("jax.nn.standardize has neither gain nor bias")
        standardize = layers.function(asked.library.standardize, (("axis", axes), ("epsilon", case.eps)))
        return asked.run(standardize, case, {}).outcome({})
    options = {"epsilon": case.eps, "reduction_axes": axes, "feature_axes": axes}
    options.update(_normalization_options(asked, case.gain, case.bias))
    normalized = case.x.shape[case.x.ndim - case.normalized_rank :]
    layer = layers.flax_layer(asked, "LayerNorm", (math.prod(normalized),), options)

    def stored(_: str, value: Array) -> Array:
        # nnx takes one number of features, several axes or not, and keeps gain and bias flat.
        return value.reshape(-1) if asked.api == "flax.nnx" else value

    answer = asked.run(layer, case, {"scale": "gain", "bias": "bias"}, stored=stored)
    arrays = answer.outcome({"scale": "dgain", "bias": "dbias"}).arrays
    return Outcome({name: v.reshape(normalized) if name in ("dgain", "dbias") else v for name, v in arrays.items()})


def _ask_dropout(asked: Asked, case: Dropout) -> Outcome:
    eager_dropout(case, asked.mode)
    if case.features or case.noise_shape is not None:
        raise Unsupported("Flax's Dropout takes the axes that share a mask (broadcast_dims)")
    if case.globally:
        raise Unsupported("a global generator: JAX has none")
    if case.unsaid:
        raise Unsupported("lanes that are not told how to draw: in JAX they draw as their keys are")
    layer, stream = _dropout_layer(asked, case)
    if case.recomputed:
        layer = layers.recomputed(layer)
    return asked.run(layer, case, {}, stream=stream).outcome({})


def _dropout_layer(asked: Asked, case: Dropout) -> tuple[Layer, Stream]:
    if asked.api == "flax.nnx":
        return layers.nnx_dropout(case.rate, case.training, case.call, case.shared_in_lane, case.layer)
    if case.call > 1:
        raise Unsupported("flax.linen's Dropout keeps no stream: it is handed its key in every call")
    if case.layer > 1:
        return layers.linen_dropouts(case.rate, case.layer), asked.jax.random.key
    options = {"rate": case.rate, "broadcast_dims": case.shared_in_lane}
    layer = layers.flax_layer(asked, "Dropout", (), options, deterministic=not case.training)
    return layer, asked.jax.random.key


def _ask_count(asked: Asked, case: DropoutCount) -> Outcome:
    made = [_dropout_layer(asked, layer) for layer in case.layers]
    x = asked.jax.numpy.full(case.halves if asked.mode == "vmap" else case.shape, asked.put(case.x))
    streams = tuple(asked.streams(stream, layer.seed, 2) for (_, stream), layer in zip(made, case.layers, strict=True))
    model = asked.program(layers.beside(*(layer for layer, _ in made)))
    outputs = model({}, {}, streams, x, None, {}, None)[0]["y"]
    return Outcome({"kept": np.array([asked.jax.numpy.count_nonzero(y) for y in outputs], np.int64)})


def _ask_attention(asked: Asked, case: DropoutKin) -> Outcome:
    # By default one mask serves the whole batch (broadcast_dropout); asked is that of every weight for itself.
    options = (("dropout_rate", case.rate), ("deterministic", not case.training), ("broadcast_dropout", False))
    layer = layers.attention(asked.library.dot_product_attention, options)
    return asked.run(layer, case, {}, stream=asked.jax.random.key).outcome({})


def _ask_dense(asked: Asked, case: Dense) -> Outcome:
    options = {"use_bias": case.bias is not None, "dtype": asked.dtype, "param_dtype": asked.param_dtype}
    layer = layers.flax_layer(asked, "Linear", case.weight.shape[::-1], options)
    if case.activation:
        layer = layers.followed(layer, _activation(asked, case.activation, {}))

    def stored(name: str, value: Array) -> Array:
        return value.T if name == "kernel" else value

    answer = asked.run(layer, case, {"kernel": "weight", "bias": "bias"}, stored=stored)
    arrays = answer.outcome({"kernel": "dweight", "bias": "dbias"}).arrays
    return Outcome({name: value.T.copy() if name == "dweight" else value for name, value in arrays.items()})


def _ask_activation(asked: Asked, case: Activation) -> Outcome:
    if case.name == "prelu":
        return _ask_prelu(asked, case)
    return asked.run(_activation(asked, case.name, case.parameters), case, {}).outcome({})


def _ask_prelu(asked: Asked, case: Activation) -> Outcome:
    if case.alpha is None:
        raise ValueError("a case of prelu needs its slope: alpha, of shape [1] or [x.shape[1]]")
    if case.alpha.size != 1:
        raise Unsupported(f"Flax's PReLU has one slope for all channels (asked for {case.alpha.size})")
    layer = layers.flax_layer(asked, "PReLU", (), {"param_dtype": asked.param_dtype})
    answer = asked.run(layer, case, {"negative_slope": "alpha"}, stored=lambda _, value: value.reshape(()))
    arrays = answer.outcome({"negative_slope": "dalpha"}).arrays
    return Outcome({name: v.reshape(case.alpha.shape) if name == "dalpha" else v for name, v in arrays.items()})


def _operation(case: Case) -> tuple[str, Callable[[Asked, Any], Outcome]]:
    """The operation's name in an api's list, and who asks for it."""
    match case:
        case BatchNorm():
            return "batch_norm", _ask_batch_norm
        case BatchNormSteps():
            return "batch_norm", _ask_steps
        case LayerNorm():
            return "layer_norm", _ask_layer_norm
        case Dropout():
            return "dropout", _ask_dropout
        case DropoutKin():
            return case.kind, _ask_attention
        case DropoutCount():
            return "dropout", _ask_count
        case Dense():
            return "dense", _ask_dense
        case Activation():
            return case.name, _ask_activation
        case Stack():
            return "stack", ask_stack
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


#: The activations that are one function in ``jax.nn`` and in both apis of Flax.
REEXPORTED = ACTIVATIONS - {"mish", "prelu"}
_FLAX = NORMALIZATION | {"dropout", "attention_dropout", "dense", "stack", "prelu"} | REEXPORTED
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
    modes: ClassVar[tuple[str, ...]] = ("eager", "jit", "vmap")
    #: Operation by operation each operation is compiled, once a shape; else the whole, with its options.
    compiles: ClassVar[Mapping[str, Literal["shape", "configuration"]]] = {
        "eager": "shape",
        "jit": "configuration",
        "vmap": "configuration",
    }
    devices: ClassVar[tuple[str, ...]] = ("cpu", "cuda")
    dtypes: ClassVar[tuple[str, ...]] = ("float32", "float64", *SIXTEEN_BITS, *MIXED)
    dialects: ClassVar[Mapping[str, Dialect]] = {
        "flax.nnx": _FLAX_DIALECT,
        "flax.linen": _FLAX_DIALECT,
        "jax.nn": Dialect(layer_norm_affine=False),  # jax.nn.standardize
    }

    #: dtype -> what ``vmap`` is asked in it.
    _LANES: ClassVar[Mapping[str, frozenset[str]]] = {
        "float32": _FLAX - KIN | ACTIVATIONS,
        "bfloat16": NORMALIZATION,
    }

    def subjects(self, device: str = "cpu") -> Iterator[Subject]:
        """Every subject on one device; those of Flax only where Flax is installed."""
        flax = importlib.util.find_spec("flax") is not None
        for subject in super().subjects(device):
            if subject.dtype not in MIXED if subject.api == "jax.nn" else flax:
                yield subject

    def offers(self, subject: Subject) -> frozenset[str]:
        """What is asked where: a run is mostly compilation, and so nothing is asked twice that is one program.

        16 bits are asked compiled, as users run them, and float64 operation by operation; ``vmap`` is asked what a lane
        can change. Dropout, which might draw in the dtype of x, is asked in every dtype and mode: where nothing else
        is asked, operation by operation with all its clauses, and compiled in brief.
        """
        narrow, every = subject.dtype not in ("float32", "float64"), self.apis[subject.api]
        dropped = every & {"dropout", "attention_dropout"} if subject.dtype not in MIXED else frozenset()
        in_brief = frozenset({BRIEF_DROPOUT}) if dropped else frozenset()
        if subject.mode == "eager":
            offered = dropped if narrow else every
        elif subject.mode == "jit":
            offered = in_brief if subject.dtype == "float64" else every - (KIN if narrow else frozenset())
        else:
            lanes = every & self._LANES.get(subject.dtype, frozenset())
            offered = lanes if "dropout" in lanes else lanes | in_brief
        again = subject.api != "jax.nn" and (subject.mode, subject.dtype) != ("eager", "float32")
        return offered - (REEXPORTED if again else frozenset())

    def __init__(self) -> None:
        self._asked = itertools.count(1)

    def prepare(self, device: str) -> None:
        _device(device)

    def ask(self, subject: Subject, case: Case) -> Outcome:
        operation, ask = _operation(case)
        if operation not in self.apis[subject.api]:
            raise Unsupported(f"{subject.api} has no {operation}")
        jax, device = _device(subject.device)
        self._relieve(jax)
        stored, held = (np.dtype(getattr(jax.numpy, of(subject.dtype))) for of in (tensor_dtype, parameter_dtype))
        with _float64(jax) if subject.dtype == "float64" else contextlib.nullcontext(), jax.default_device(device):
            return ask(Asked(jax, subject.api, subject.mode, device, stored, held), case)

    def _relieve(self, jax: Any) -> None:
        """Let JAX forget what it has compiled before there is too much of it.

        Each program takes half a megabyte or more, and three of the 65,530 pieces of memory that Linux gives a process
        by default (``vm.max_map_count``); once none is left, XLA's compiler ends the process.
        """
        if next(self._asked) % _LOOK == 0:
            with contextlib.suppress(OSError), open("/proc/self/maps", "rb") as pieces:
                if sum(1 for _ in pieces) > _PIECES:
                    jax.clear_caches()


#: How often to look, in cases, and how many pieces of memory are too many: a case compiles some fifty programs at most.
_LOOK, _PIECES = 100, 16_000

ADAPTER = Jax()
