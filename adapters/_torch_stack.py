"""A stack of layers as a ``torch.nn.Sequential``: one call, every module's output, one backward pass.

Eager code is called as it is, and each output is taken by a hook. Compiled, the outputs are what the one graph of all
layers answers: a hook would write into what is no part of it.
"""

from __future__ import annotations

import functools
from typing import Any

from adapters import _torch_compile
from adapters._torch_modules import loaded
from adapters._torch_tensors import STATISTICS, seed, to_numpy, to_torch
from adapters.base import Dropout, Outcome, Stack, Subject


def stack(subject: Subject, case: Stack) -> Outcome:
    """Answers of ``torch.nn.Sequential``; a dense layer with an activation is a Sequential of its own."""
    import torch
    from torch import nn

    modules, held = _modules(case, subject.device)
    x = to_torch(case.x, subject.device).requires_grad_(case.dy is not None)
    seeds = [layer.seed for layer in case.layers if isinstance(layer, Dropout)]
    if seeds:
        seed(seeds[0], x.device)
    outputs: dict[str, torch.Tensor] = {}
    if subject.mode == "compile":
        answers = _torch_compile.answered(case, subject.dtype, _every_output()(*modules), x)
        outputs.update((f"{index}.y", each) for index, each in enumerate(answers))
        y = outputs[f"{len(modules) - 1}.y"]
    else:
        for index, each in enumerate(modules):
            each.register_forward_hook(functools.partial(_keep, outputs, f"{index}.y"))
        y = nn.Sequential(*modules)(x)
    arrays = {name: to_numpy(tensor) for name, tensor in {**outputs, "y": y}.items()}
    if case.dy is not None:
        leaves = {"x": x, **{name: tensor for name, tensor in held.items() if _named(name) not in STATISTICS}}
        gradients = torch.autograd.grad(y, list(leaves.values()), to_torch(case.dy, subject.device))
        arrays.update((_gradient(name), to_numpy(value)) for name, value in zip(leaves, gradients, strict=True))
    return Outcome(arrays, {name: to_numpy(tensor) for name, tensor in held.items()})


@functools.cache
def _every_output() -> Any:
    """A Sequential that answers what each of its modules does."""
    from torch import nn

    class Outputs(nn.Sequential):  # type: ignore[misc]
        def forward(self, x: Any) -> list[Any]:
            found = []
            for each in self:
                found.append(x := each(x))
            return found

    return Outputs


def _modules(case: Stack, device: str) -> tuple[list[Any], dict[str, Any]]:
    """The module of each layer, loaded, and every tensor that they hold by the case's name for it."""
    modules: list[Any] = []
    held: dict[str, Any] = {}
    for index, layer in enumerate(case.layers):
        tensors = {name: to_torch(array, device) for name, array in layer.arrays()}
        module, stored = loaded(layer, tensors)
        held.update((f"{index}.{ours}", tensors[ours]) for ours in stored)
        modules.append(module)
    return modules, held


def _keep(outputs: dict[str, Any], name: str, module: Any, given: Any, output: Any) -> None:
    outputs[name] = output


def _named(name: str) -> str:
    return name.rpartition(".")[2]


def _gradient(name: str) -> str:
    """x to dx, 1.gamma to 1.dgamma."""
    place, dot, parameter = name.rpartition(".")
    return f"{place}{dot}d{parameter}"
