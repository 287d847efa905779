"""Keras 3 on PyTorch: ``backend=keras-torch``; gradients by ``torch.autograd.grad`` over the variables' tensors."""

from __future__ import annotations

from types import MappingProxyType

from adapters._keras_backend import Keras, Question
from adapters._keras_layers import KERAS_KIN
from adapters.base import SIXTEEN_BITS, Outcome, Subject


class KerasTorch(Keras):
    """Subjects ``backend=keras-torch api=keras``."""

    name = "keras-torch"
    runs_on = "torch"
    environment = MappingProxyType({"KERAS_BACKEND": "torch"})
    modules = ("torch", "keras")
    distributions = ("keras", "torch")
    install = "python -m pip install keras torch"
    dtypes = ("float32", "float64", *SIXTEEN_BITS, "mixed_float16")

    def offers(self, subject: Subject) -> frozenset[str]:
        """In float16 dropout and its kin, which might draw in the dtype of x: for the rest bfloat16 asks what it would
        ask, and float16 is that of a mixed precision.
        """
        offered = super().offers(subject)
        return offered & ({"dropout"} | KERAS_KIN) if subject.dtype == "float16" else offered

    def set_up(self) -> None:
        """One thread: with more, small tensors wait for each other."""
        import torch

        torch.set_num_threads(1)

    def answer(self, question: Question, mode: str) -> Outcome:
        import torch

        differentiate = question.dy is not None
        x = question.x.requires_grad_(differentiate)
        y = question.call(x)
        leaves = {"x": x, **{name: question.variables[name].value for name in question.learnable()}}
        gradients = {}
        if differentiate:
            found = torch.autograd.grad(y, [*leaves.values()], question.dy, materialize_grads=True)
            gradients = dict(zip(leaves, found, strict=True))
        after = {"x": x, **{name: variable.value for name, variable in question.variables.items()}}
        return question.outcome(y, gradients, after)


ADAPTER = KerasTorch()
