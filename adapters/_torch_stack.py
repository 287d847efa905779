"""A stack of layers as a ``torch.nn.Sequential``: one call, each module's output by a hook, one backward pass."""

from __future__ import annotations

import functools
from typing import Any

from adapters.base import Dropout, Outcome, Stack, Subject, Unsupported
from adapters.torch import _STORED, _array, _build, _seed, _tensor


def stack(subject: Subject, case: Stack) -> Outcome:
    """Answers of ``torch.nn.Sequential``; a dense layer with an activation is two of its modules."""
    import torch
    from torch import nn

    if subject.mode != "eager":
        raise Unsupported(f"stacks of layers in mode {subject.mode}")
    modules, held = _modules(case, subject.device)
    x = _tensor(case.x, subject.device).requires_grad_(case.dy is not None)
    outputs: dict[str, torch.Tensor] = {}
    for index, (_, last) in enumerate(modules):
        last.register_forward_hook(functools.partial(_keep, outputs, f"{index}.y"))
    seeds = [layer.seed for layer in case.layers if isinstance(layer, Dropout)]
    if seeds:
        _seed(seeds[0], x.device)
    y = nn.Sequential(*(module for pair in modules for module in dict.fromkeys(pair)))(x)
    arrays = {name: _array(tensor) for name, tensor in {**outputs, "y": y}.items()}
    if case.dy is not None:
        leaves = {"x": x, **{name: tensor for name, tensor in held.items() if tensor.requires_grad}}
        gradients = torch.autograd.grad(y, list(leaves.values()), _tensor(case.dy, subject.device))
        arrays.update((_gradient(name), _array(value)) for name, value in zip(leaves, gradients, strict=True))
    return Outcome(arrays, {name: _array(tensor) for name, tensor in held.items()})


def _modules(case: Stack, device: str) -> tuple[list[tuple[Any, Any]], dict[str, Any]]:
    """First and last module of each layer, loaded, and every tensor that they hold by the case's name for it."""
    from adapters._torch_activations import module

    modules: list[tuple[Any, Any]] = []
    held: dict[str, Any] = {}
    for index, layer in enumerate(case.layers):
        tensors = {name: _tensor(array, device) for name, array in layer.arrays()}
        stored = {ours: theirs for ours, theirs in _STORED.get(type(layer), {}).items() if ours in tensors}
        built = _build(layer, tensors, {"device": tensors["x"].device, "dtype": tensors["x"].dtype})
        if stored:
            built.load_state_dict({theirs: tensors[ours] for ours, theirs in stored.items()})
        built.train(getattr(layer, "training", True))
        held.update((f"{index}.{ours}", getattr(built, theirs)) for ours, theirs in stored.items())
        activation = getattr(layer, "activation", None)
        modules.append((built, built if activation is None else module(activation, {})))
    return modules, held


def _keep(outputs: dict[str, Any], name: str, module: Any, given: Any, output: Any) -> None:
    outputs[name] = output


def _gradient(name: str) -> str:
    """x to dx, 1.gamma to 1.dgamma."""
    place, dot, parameter = name.rpartition(".")
    return f"{place}{dot}d{parameter}"
