"""TensorFlow: the layers and functions of Keras 3 on TensorFlow, of ``tf.nn``, and the fused batch norm.

A case becomes tensors of the dtypes that its arrays have, and one call of one layer or function with the derivatives
that it asks for (:mod:`adapters._tensorflow_programs`); nothing is computed here. What the output does not depend on
has a gradient of zero (``tf.UnconnectedGradients.ZERO``). Weights reach a Keras layer through ``assign``, which refuses
a wrong size; the functions keep no state.

Modes: ``eager``; ``function`` and ``xla``, where ``tf.function`` traces the call and its gradients, the second with
``jit_compile=True``. A trace is kept, with its layer, and asked again: state goes in and out through the variables.

Source of names and conventions: https://keras.io/api/layers/ and https://www.tensorflow.org/api_docs/python/tf/nn
(Keras: momentum weighs the old statistic; the running variance is the biased one. The fused batch norm: the factor
weighs the new one; the running variance is divided by n - 1.)
"""

from __future__ import annotations

import functools
import gc
import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any

import numpy as np

from adapters import _tensorflow_functions as functions
from adapters._keras_layers import KERAS_KIN, KerasBatchNorm, load, loaded, stored_as, to_store
from adapters._tensorflow_activations import KERAS, KERAS_OPS, TF_NN, spelling
from adapters._tensorflow_programs import (
    COMPILED,
    STATISTICS,
    Program,
    Run,
    Tensors,
    array,
    configuration,
    run,
    signature,
    trace,
)
from adapters._tensorflow_stack import stack
from adapters.base import (
    BRIEF_DROPOUT,
    MIXED,
    NORMALIZATION,
    SIXTEEN_BITS,
    Activation,
    Adapter,
    BatchNormSteps,
    Case,
    Dense,
    Dialect,
    Dropout,
    DropoutCount,
    Outcome,
    Stack,
    Subject,
    Unsupported,
    eager_dropout,
    tensor_dtype,
)
from adapters.steps import walk

_DEVICES = {"cpu": "/CPU:0", "cuda": "/GPU:0"}
_FUSED, _CONVOLVED = "tf.nn.fused", "tf.nn.conv_fused"
_PLAIN = ("float32", "float64", *SIXTEEN_BITS)
#: (api, mode) -> the dtypes that it is asked in. The fused kernel keeps parameters and statistics in float32 and has no
#: float64; what Keras's layers call is asked in a trace as they are; convolution and batch norm are one in a graph
#: alone. A trace compiles each configuration and dtype afresh, and so is asked in few dtypes.
_DTYPES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("keras", "eager"): (*_PLAIN, *MIXED),
    ("keras", "function"): ("float32", "mixed_bfloat16"),
    ("keras", "xla"): ("float32", "bfloat16"),
    ("keras.ops", "eager"): _PLAIN,
    ("tf.nn", "eager"): _PLAIN,
    ("tf.nn", "function"): ("float32",),
    ("tf.nn", "xla"): ("float32", "bfloat16"),
    (_FUSED, "eager"): ("float32", *MIXED),
    (_FUSED, "function"): ("float32", "mixed_bfloat16"),
    (_FUSED, "xla"): ("float32",),
    (_CONVOLVED, "function"): ("float32",),
}
#: Where dropout alone is asked, in brief: it might draw in the dtype of x.
_DROPPED: Mapping[tuple[str, str], tuple[str, ...]] = {
    (api, mode): tuple(dtype for dtype in _PLAIN if dtype not in _DTYPES[api, mode])
    for api in ("keras", "tf.nn")
    for mode in COMPILED
}

_KEPT = 256


class TensorFlow(Adapter):
    """Subjects ``backend=tensorflow`` with the apis below; TensorFlow 2.16 and Keras 3 or later."""

    name = "tensorflow"
    modules = ("tensorflow", "keras")
    distributions = ("tensorflow", "tensorflow-cpu", "keras")
    install = "python -m pip install tensorflow"
    apis = MappingProxyType(
        {
            "keras": NORMALIZATION | {"dropout", "dense", "prelu", "stack"} | KERAS_KIN | KERAS.keys(),
            "keras.ops": NORMALIZATION | KERAS_OPS.keys(),
            "tf.nn": frozenset({"batch_norm", "dropout", "dense"}) | TF_NN.keys(),
            _FUSED: frozenset({"batch_norm"}),
            _CONVOLVED: frozenset({"batch_norm"}),
        }
    )
    modes = ("eager", *COMPILED)
    compiles = MappingProxyType(dict.fromkeys(COMPILED, "configuration"))
    #: ``tf.autodiff.ForwardAccumulator`` traces the derivative of each operation for each shape that it meets.
    compiles_forward = True
    devices = ("cpu",)
    dtypes = (*_PLAIN, *MIXED)
    dialects = MappingProxyType(
        {
            # Of what XLA draws neither makes a promise (https://www.tensorflow.org/xla/known_issues).
            "keras": Dialect(
                momentum="old", running_var_divisor="n", rate_one="zeros", one_seed="same", own_masks=("xla",)
            ),
            "tf.nn": Dialect(
                momentum="old",
                running_var_divisor="n",
                rate_one="refused",
                own_masks=("xla",),
                compiled_seeds=COMPILED,
            ),
            _FUSED: Dialect(momentum="new", running_var_divisor="n-1"),
            _CONVOLVED: Dialect(channel_axes=(-1,)),
        }
    )

    def __init__(self) -> None:
        #: A configuration -> the layer, or the trace, that answered it, those used last at the end. TensorFlow keeps a
        #: megabyte for each trace as long as it lives, and a tenth of one for each layer that ever was.
        self._kept: OrderedDict[str, tuple[Program, Run]] = OrderedDict()

    def modes_of(self, api: str) -> tuple[str, ...]:
        return tuple(mode for one, mode in _DTYPES if one == api)

    def subjects(self, device: str = "cpu") -> Iterator[Subject]:
        for each in super().subjects(device):
            if each.dtype in (*_DTYPES[each.api, each.mode], *_DROPPED.get((each.api, each.mode), ())):
                yield each

    def offers(self, subject: Subject) -> frozenset[str]:
        """Eagerly all; in a trace, which is made for each rate, the kin of dropout in float32 alone, and dropout in
        brief in a dtype that nothing else is traced in.
        """
        if subject.dtype not in _DTYPES[subject.api, subject.mode]:
            return frozenset({BRIEF_DROPOUT})
        offered = super().offers(subject)
        return offered if subject.mode == "eager" or subject.dtype == "float32" else offered - KERAS_KIN

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
        if (subject.api, subject.mode) not in _DTYPES or subject.device not in _DEVICES:
            raise Unsupported(f"the tensorflow adapter does not offer {subject}")
        tf = _tensorflow()
        with tf.device(_DEVICES[subject.device]):
            if isinstance(case, BatchNormSteps):
                if subject.api != "keras" or subject.mode != "eager":
                    raise Unsupported("a layer that keeps its state is asked of keras, eagerly")
                return walk(case, KerasBatchNorm(_keras(), case.layer))
            if isinstance(case, Stack):
                return stack(_keras(), subject, case)
            eager_dropout(case, subject.mode)
            if getattr(case, "globally", False) and subject.api == "keras" and subject.mode != "eager":
                raise Unsupported(f"a layer without a seed in mode {subject.mode}: a trace is kept, and seeded again")
            if isinstance(case, DropoutCount):
                return self._count(tf, subject, case)
            x = tf.constant(case.x)  # type: ignore[attr-defined]
            if (dtype := x.dtype.name) != tensor_dtype(subject.dtype) and not case.foreign:
                raise ValueError(f"the case's x is {dtype}, which is not a question to {subject}")
            program, call, given = self._prepared(tf, subject, case)
            try:
                for _ in range(getattr(case, "call", 1)):
                    found = call(given)
            except LookupError as missing:
                if "gradient registry" not in str(missing):
                    raise
                # A kernel's gradient without a gradient of its own: neither forward mode nor a second derivative.
                raise Unsupported(str(missing)) from missing
            arrays = {name: stored_as(case, name.removeprefix("d"), array(each)) for name, each in found.items()}
            state = {name: arrays.pop(name) for name in STATISTICS & arrays.keys()}
            # What a function was given is no state of its own.
            kept = {"x": x, **program.variables}
            state |= {name: stored_as(case, name, array(tensor)) for name, tensor in kept.items()}
            return Outcome(arrays, state)

    def _count(self, tf: Any, subject: Subject, case: DropoutCount) -> Outcome:
        x = tf.fill(case.shape, tf.constant(case.x))
        key = f"{subject} {case.shape} {case.rates}"
        if key not in self._kept or self._kept[key][0].load is None:
            program = _beside([_program(tf, subject.api, layer) for layer in case.layers])
            call = run(tf, program)
            if subject.mode != "eager":
                call = trace(tf, subject, program, {"x": tf.TensorSpec(case.shape, x.dtype)})
            self._keep(key, program, call)
        program, call = self._kept[key]
        if program.load is not None:
            program.load(case)
        return Outcome({"kept": np.array([array(tf.math.count_nonzero(y)) for y in call({"x": x}).values()])})

    def _prepared(self, tf: Any, subject: Subject, case: Case) -> tuple[Program, Run, Tensors]:
        """What is called for the case, and what with; a layer, and a trace, is looked up, or made and kept."""
        key = configuration(subject, case)
        if key not in self._kept:
            program = _program(tf, subject.api, case)
            given = _given(tf, program, case)
            if subject.mode == "eager":
                call = run(tf, program)
            else:
                call = trace(tf, subject, program, signature(tf, subject, case, given))
            # A layer that draws masks is asked as it is made, with those before it, and what its generator was then.
            drawn = subject.mode == "eager" and isinstance(case, Dropout)
            if program.load is None or drawn:
                return program, call, given
            self._keep(key, program, call)
        self._kept.move_to_end(key)
        program, call = self._kept[key]
        if program.load is not None:
            program.load(case)
        return program, call, _given(tf, program, case)

    def _keep(self, key: str, program: Program, call: Run) -> None:
        """Keep it, and let go of those used longest ago: a quarter at once, since they are in cycles that are dear to
        collect.
        """
        self._kept[key] = program, call
        if len(self._kept) > _KEPT:
            for _ in range(_KEPT // 4):
                self._kept.popitem(last=False)
            gc.collect()


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


# ------------------------------------------------------------------ programs


def _program(tf: Any, api: str, case: Case) -> Program:
    match api:
        case "tf.nn":
            return functions.tf_nn(tf, case)
        case "tf.nn.fused" | "tf.nn.conv_fused":
            return functions.fused(tf, case, convolved=api == _CONVOLVED)
        case "keras.ops":
            return functions.keras_ops(_keras(), case)
    return _layer(_keras(), case)


def _layer(keras: Any, case: Case) -> Program:
    """A Keras layer, loaded, or a function of ``keras.activations``."""
    if isinstance(case, Activation) and case.name != "prelu":
        written = spelling(KERAS, case.name)
        function, arguments = written.function(keras), written.arguments(case.parameters)
        return Program(lambda given: {"y": function(given["x"], **arguments)})
    layer, variables = loaded(keras, case)
    how = {"training": case.training} if hasattr(case, "training") else {}

    def reload(another: Case) -> None:
        load(another, variables)
        if isinstance(another, Dropout) and another.rate > 0:
            layer.seed_generator.state.assign(keras.random.SeedGenerator(another.seed).state)

    values = {name: variable.value for name, variable in variables.items()}
    return Program(lambda given: {"y": layer(given["x"], **how)}, values, reload)


def _beside(programs: Sequence[Program]) -> Program:
    """Dropouts that are each called with x as one; its answers go by their places."""

    def forward(given: Tensors) -> Tensors:
        return {str(place): program.forward(given)["y"] for place, program in enumerate(programs)}

    def load(case: DropoutCount) -> None:
        for program, layer in zip(programs, case.layers, strict=True):
            assert program.load is not None
            program.load(layer)

    return Program(forward, load=None if any(program.load is None for program in programs) else load)


def _given(tf: Any, program: Program, case: Case) -> Tensors:
    """The tensors that the program is called with, its tangents in the forms of what they belong to."""
    arguments = {name: value for name, value in case.arrays() if name not in program.variables}
    if isinstance(case, Dense) and "weight" in arguments:
        arguments["weight"] = case.weight.T
    given = {name: tf.constant(value) for name, value in arguments.items()}
    forms = {**given, **program.variables}
    tangents = {
        name: tf.constant(to_store(case, name, value, forms[name].shape)) for name, value in case.tangents.items()
    }
    return given | ({"tangents": tangents} if tangents else {})


ADAPTER = TensorFlow()
