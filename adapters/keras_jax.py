"""Keras 3 on JAX: ``backend=keras-jax``; ``layer.stateless_call``, and gradients by ``jax.vjp`` of it.

float64 exists in JAX only under ``jax.enable_x64``, which is switched on for the float64 subjects alone.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from types import MappingProxyType
from typing import Any

from adapters._keras_backend import Keras, Question
from adapters._keras_layers import KERAS_KIN
from adapters.base import SIXTEEN_BITS, Outcome, Subject


class KerasJax(Keras):
    """Subjects ``backend=keras-jax api=keras``."""

    name = "keras-jax"
    runs_on = "jax"
    environment = MappingProxyType({"KERAS_BACKEND": "jax"})
    modules = ("jax", "keras")
    distributions = ("keras", "jax", "jaxlib")
    install = "python -m pip install keras jax"
    dtypes = ("float32", "float64", *SIXTEEN_BITS, "mixed_bfloat16")
    #: Operation by operation, each of which is compiled for each shape.
    compiles = MappingProxyType({"eager": "shape"})

    def offers(self, subject: Subject) -> frozenset[str]:
        """In 16 bits dropout and its kin, which might draw in the dtype of x. Each further dtype costs a hundred
        seconds of compilation: the rest is asked in 16 bits as one mixed precision alone.
        """
        offered = super().offers(subject)
        return offered & ({"dropout"} | KERAS_KIN) if subject.dtype in SIXTEEN_BITS else offered

    def set_up(self) -> None:
        """Matrix products of float32 in float32."""
        import jax

        jax.config.update("jax_default_matmul_precision", "highest")

    def types(self, dtype: str) -> AbstractContextManager[Any]:
        if dtype != "float64":
            return nullcontext()
        import jax

        found: AbstractContextManager[Any] = jax.enable_x64(True)
        return found

    def answer(self, question: Question, mode: str) -> Outcome:
        import jax

        layer = question.layer
        learnable, others = ([], []) if layer is None else (layer.trainable_variables, layer.non_trainable_variables)

        def forward(learnt: list[Any], x: Any) -> tuple[Any, list[Any]]:
            if layer is None:
                return question.call(x), []
            kept = [variable.value for variable in others]
            y, after = layer.stateless_call(learnt, kept, x, **question.options)
            return y, after

        learnt, gradients = [variable.value for variable in learnable], {}
        if question.dy is None:
            y, after = forward(learnt, question.x)
        else:
            y, pull, after = jax.vjp(forward, learnt, question.x, has_aux=True)
            pulled, dx = pull(question.dy)
            belonging = dict(zip(map(id, learnable), pulled, strict=True))
            gradients = {name: belonging[id(question.variables[name])] for name in question.learnable()} | {"x": dx}
        held = dict(zip(map(id, (*learnable, *others)), (*learnt, *after), strict=True))
        state = {name: held[id(variable)] for name, variable in question.variables.items()}
        return question.outcome(y, gradients, {"x": question.x, **state})


ADAPTER = KerasJax()
