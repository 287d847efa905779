"""A layer or function of TensorFlow and its derivatives as one call: eager, traced by ``tf.function``, or XLA's.

Gradients are taken inside of what is traced, by ``tf.GradientTape``; second derivatives by a tape around the first;
tangents by ``tf.autodiff.ForwardAccumulator``. A trace is kept and called again for every case that has the same
configuration and the same signature.

Sources: https://www.tensorflow.org/guide/function and https://www.tensorflow.org/xla
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from adapters.base import Activation, Array, BatchNorm, Case, Dense, LayerNorm, Subject

#: The suite's name -> the tensor or variable that the framework holds under it; "tangents" -> the same once more.
Tensors = dict[str, Any]
Run = Callable[[Tensors], Tensors]

STATISTICS = frozenset({"running_mean", "running_var"})
COMPILED = ("function", "xla")


@dataclass(frozen=True)
class Program:
    """One layer or function, made ready for a case."""

    #: the case's tensors -> ``y`` and, where the function gives them back, the new statistics
    forward: Run
    #: what a Keras layer holds, by the case's names: no arguments of the call
    variables: Mapping[str, Any] = field(default_factory=dict)
    #: puts another case's parameters, statistics and seed into the variables; None where a trace serves one case alone
    load: Callable[[Any], None] | None = lambda case: None


def run(tf: Any, program: Program) -> Run:
    """The forward call with every derivative that its tensors ask for, under the names of the answers."""

    def call(given: Tensors) -> Tensors:
        given = dict(given)
        dy, ddx, tangents = (given.pop(name, None) for name in ("dy", "ddx", "tangents"))
        leaves = {name: each for name, each in {**given, **program.variables}.items() if name not in STATISTICS}
        zero = tf.UnconnectedGradients.ZERO
        outer = tf.GradientTape() if ddx is not None else None
        forward_mode = None
        if tangents:
            forward_mode = tf.autodiff.ForwardAccumulator([leaves[name] for name in tangents], [*tangents.values()])
        with outer or nullcontext():
            if outer is not None:
                outer.watch([given["x"], dy])
            with forward_mode or nullcontext(), tf.GradientTape() as tape:
                tape.watch([*leaves.values()])
                found = program.forward(given)
            if dy is not None:
                gradients = tape.gradient(found["y"], leaves, output_gradients=dy, unconnected_gradients=zero)
                found |= {f"d{name}": gradient for name, gradient in gradients.items()}
        if forward_mode is not None:
            found["ty"] = forward_mode.jvp(found["y"], unconnected_gradients=zero)
        if outer is not None:
            second = outer.gradient(
                found["dx"], {"dxx": given["x"], "dxy": dy}, output_gradients=ddx, unconnected_gradients=zero
            )
            found |= second
        return found

    return call


# ------------------------------------------------------------------ traces


def signature(tf: Any, subject: Subject, case: Case, given: Tensors) -> Tensors:
    """The tensors that a trace is made for, with the sizes that it may rely on."""

    def spec(name: str, tensor: Any) -> Any:
        return tf.TensorSpec(sizes(subject, case, name, tuple(tensor.shape)), tensor.dtype)

    specs = {name: spec(name, tensor) for name, tensor in given.items() if name != "tangents"}
    if "tangents" in given:
        specs["tangents"] = {name: spec(name, tensor) for name, tensor in given["tangents"].items()}
    return specs


def configuration(subject: Subject, case: Case) -> str:
    """Everything that a trace is made for, as text, in which NaN equals NaN: what is no tensor, and the signature."""
    held = []
    for item in fields(case):
        value = getattr(case, item.name)
        if isinstance(value, np.ndarray):
            value = sizes(subject, case, item.name, value.shape), value.dtype.name
        elif item.name == "tangents":
            value = sorted(value)
        elif item.name in _NO_CONFIGURATION:
            continue
        held.append(f"{item.name}={value!r}")
    return f"{subject} {type(case).__name__}({', '.join(held)})"


_NO_CONFIGURATION = ("recipe", "regime", "seed", "call")
_SHAPED_AS_X = ("x", "dy", "ddx")


def sizes(subject: Subject, case: Case, name: str, shape: tuple[int, ...]) -> tuple[int | None, ...]:
    """The sizes that a trace, or an eager layer, knows. Eager and XLA: all. ``tf.function``: none, or for a Keras
    layer, whose weights are made for them, those of the features; with an odd number of samples all, which is another
    path through TensorFlow.
    """
    x: Array = case.x  # type: ignore[attr-defined]
    layer = subject.api == "keras"
    if subject.mode in ("eager", "xla") or (x.ndim and len(x) % 2) or (layer and name not in _SHAPED_AS_X):
        return shape
    features = {axis % len(shape) for axis in _features(case) if -len(shape) <= axis < len(shape)} if layer else set()
    return tuple(size if axis in features else None for axis, size in enumerate(shape))


def _features(case: Case) -> tuple[int, ...]:
    """The axes of x and y that a layer is made for."""
    match case:
        case BatchNorm():
            return (case.channel_axis,)
        case LayerNorm():
            return tuple(range(-case.normalized_rank, 0))
        case Dense():
            return (-1,)
        case Activation(alpha=np.ndarray()):
            return (1,)
        case Activation(name="glu"):
            return (-1,)  # keras.activations.glu wants to know what it halves
    return ()


def trace(tf: Any, subject: Subject, program: Program, specs: Tensors) -> Run:
    """The program as ``tf.function`` makes it a graph, compiled by XLA or not."""
    compiled: Run = tf.function(
        run(tf, program), input_signature=[specs], jit_compile=subject.mode == "xla" or None, autograph=False
    )
    return compiled


def array(tensor: Any) -> Array:
    """A copy of a tensor's values in the NumPy dtype of the same name."""
    return np.array(tensor.numpy(), order="C")
