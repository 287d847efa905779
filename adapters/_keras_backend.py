"""Keras 3 on one of its backends, as a backend of its own: what Keras on PyTorch and Keras on JAX have in common.

A case becomes one layer of ``keras.layers``, or one function of ``keras.activations``, and one call; gradients are
those of Keras's backend, nothing is computed here. Keras chooses its backend when it is imported and keeps it, so that
a process has one alone. Where this process has another, or has not been told by ``KERAS_BACKEND`` to have this one, a
child process is asked, which lives as long as the run.

Source of names and conventions: https://keras.io/api/layers/ and https://keras.io/getting_started/ ("Configuring your
backend"); momentum weighs the old statistic, the running variance is the biased one.
"""

from __future__ import annotations

import abc
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from adapters._keras_layers import KERAS_KIN, KerasBatchNorm, loaded, stored_as
from adapters._tensorflow_activations import KERAS, spelling
from adapters.base import (
    MIXED,
    NORMALIZATION,
    SIXTEEN_BITS,
    Activation,
    Adapter,
    Array,
    BatchNorm,
    BatchNormSteps,
    Case,
    Dialect,
    Dropout,
    DropoutCount,
    DropoutKin,
    Outcome,
    Subject,
    Unsupported,
    eager_dropout,
    first_order,
    tensor_dtype,
)
from adapters.process import Process
from adapters.steps import walk

#: Statistics have no gradient.
_STATISTICS = frozenset({"running_mean", "running_var"})


@dataclass(frozen=True)
class Question:
    """A case inside Keras: what is called, on which tensor, with which options."""

    keras: Any
    case: Case
    #: a ``keras.layers.Layer`` that was built and loaded; None for a function
    layer: Any
    #: the layer, or the function with its parameters: x -> y
    call: Callable[[Any], Any]
    #: the case's name of an array -> the layer's variable
    variables: Mapping[str, Any]
    options: Mapping[str, Any]
    x: Any
    dy: Any

    def learnable(self) -> tuple[str, ...]:
        """The names of the parameters, in the layer's order."""
        return tuple(name for name in self.variables if name not in _STATISTICS)

    def outcome(self, y: Any, gradients: Mapping[str, Any], after: Mapping[str, Any]) -> Outcome:
        """Copies in NumPy. ``gradients``, ``after``: tensors by the case's names."""
        arrays = {"y": self._array("y", y)}
        arrays.update((f"d{name}", self._array(name, tensor)) for name, tensor in gradients.items())
        return Outcome(arrays, {name: self._array(name, tensor) for name, tensor in after.items()})

    def _array(self, name: str, tensor: Any) -> Array:
        return stored_as(self.case, name, np.array(self.keras.ops.convert_to_numpy(tensor), order="C"))


class Keras(Adapter):
    """Subjects ``api=keras`` of a Keras backend."""

    #: Keras's own name for the backend.
    runs_on: ClassVar[str]
    apis = MappingProxyType({"keras": NORMALIZATION | {"dropout", "dense", "prelu"} | KERAS_KIN | KERAS.keys()})
    dtypes = ("float32", "float64", *SIXTEEN_BITS, *MIXED)
    dialects = MappingProxyType(
        {"keras": Dialect(momentum="old", running_var_divisor="n", rate_one="zeros", one_seed="same")}
    )

    def ask(self, subject: Subject, case: Case) -> Outcome:
        """As :meth:`Adapter.ask`; from another process also :class:`adapters.process.Died` and ``Raised``."""
        if not self._here():
            return Process.of(self).ask(subject, case)
        if subject.api not in self.apis or subject.mode not in self.modes or subject.device not in self.devices:
            raise Unsupported(f"the adapter of Keras on {self.runs_on} does not offer {subject}")
        first_order(case)
        eager_dropout(case, subject.mode)
        import keras

        if isinstance(case, BatchNormSteps):
            with keras.device(subject.device), self.types(subject.dtype):
                return walk(case, KerasBatchNorm(keras, case.layer))
        if isinstance(case, DropoutCount):
            with keras.device(subject.device), self.types(subject.dtype):
                return _count(keras, case)
        with keras.device(subject.device), self.types(subject.dtype):
            return self.answer(_question(keras, case, tensor_dtype(subject.dtype)), subject.mode)

    def prepare(self, device: str) -> None:
        if device not in self.devices:
            raise Unsupported(
                f"the adapter of Keras on {self.runs_on} knows {' and '.join(self.devices)}, not {device}"
            )
        if self._here():
            self.set_up()

    def _here(self) -> bool:
        """Whether this process is the Keras that is asked."""
        there = sys.modules.get("keras")
        chosen = os.environ.get("KERAS_BACKEND") if there is None else there.backend.backend()
        return chosen == self.runs_on

    def types(self, dtype: str) -> AbstractContextManager[Any]:
        """What a question of that dtype is asked in."""
        return nullcontext()

    @abc.abstractmethod
    def set_up(self) -> None:
        """Set in Keras's backend what an honest answer needs."""

    @abc.abstractmethod
    def answer(self, question: Question, mode: str) -> Outcome:
        """One call and, where ``dy`` is given, its gradients by the means of Keras's backend."""


def _count(keras: Any, case: DropoutCount) -> Outcome:
    x = keras.ops.full(case.shape, case.x.item(), dtype=case.x.dtype.name)
    made = (loaded(keras, layer)[0] for layer in case.layers)
    kept = [keras.ops.count_nonzero(layer(x, training=True)) for layer in made]
    return Outcome({"kept": np.array([keras.ops.convert_to_numpy(each) for each in kept], np.int64)})


def _question(keras: Any, case: Case, dtype: str) -> Question:
    tensors = {
        name: keras.ops.convert_to_tensor(array, dtype=array.dtype.name)
        for name, array in case.arrays()
        if name in ("x", "dy")
    }
    x, dy = tensors["x"], tensors.get("dy")
    if (given := keras.backend.standardize_dtype(x.dtype)) != dtype and not case.foreign:
        raise ValueError(f"the case's x is {given}, which is not a question in {dtype}")
    if isinstance(case, Activation) and case.name != "prelu":
        written = spelling(KERAS, case.name)
        function, arguments = written.function(keras), written.arguments(case.parameters)
        return Question(keras, case, None, lambda x: function(x, **arguments), {}, {}, x, dy)
    layer, variables = loaded(keras, case)
    # Layer normalization has no such argument: it is the same in training and inference.
    options = {"training": case.training} if isinstance(case, BatchNorm | Dropout | DropoutKin) else {}
    for _ in range(getattr(case, "call", 1) - 1):
        layer(x, **options)
    return Question(keras, case, layer, lambda x: layer(x, **options), variables, options, x, dy)
