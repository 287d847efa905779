"""A case as a module of ``torch.nn``, built and loaded: ``load_state_dict`` refuses a wrong size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from adapters._torch_activations import module
from adapters._torch_tensors import (
    Tensors,
    features,
    normalized_shape,
    refuse_channels_last,
    refuse_mixed_products,
    slope,
)
from adapters.base import Activation, BatchNorm, Case, Dense, Dropout, DropoutKin, LayerNorm, Unsupported

if TYPE_CHECKING:
    import torch

_BATCH_NORMS = {2: "BatchNorm1d", 3: "BatchNorm1d", 4: "BatchNorm2d", 5: "BatchNorm3d"}
#: the case's name of a tensor -> the module's
STORED: Mapping[type[Case], Mapping[str, str]] = {
    BatchNorm: {"gamma": "weight", "beta": "bias", "running_mean": "running_mean", "running_var": "running_var"},
    LayerNorm: {"gain": "weight", "bias": "bias"},
    Dense: {"weight": "weight", "bias": "bias"},
    Activation: {"alpha": "weight"},
}


def loaded(case: Case, tensors: Tensors) -> tuple[torch.nn.Module, dict[str, str]]:
    """The module that the case describes, and the names that it has for the case's tensors.

    ``tensors`` then holds the module's own parameters and statistics.
    """
    x = tensors["x"]
    stored = {ours: theirs for ours, theirs in STORED.get(type(case), {}).items() if ours in tensors}
    dtypes = {tensors[ours].dtype for ours in stored}
    if len(dtypes) > 1:
        raise Unsupported("a module of torch.nn is made with one dtype for its parameters and statistics")
    refuse_mixed_products(case)
    layer = _build(case, tensors, {"device": x.device, "dtype": dtypes.pop() if dtypes else x.dtype})
    if stored:
        layer.load_state_dict({theirs: tensors[ours] for ours, theirs in stored.items()})
        tensors.update((ours, getattr(layer, theirs)) for ours, theirs in stored.items())
    layer.train(getattr(case, "training", True))
    if isinstance(case, Dense) and case.activation is not None:
        from torch import nn

        layer = nn.Sequential(layer, module(case.activation, {}))
        stored = {ours: f"0.{theirs}" for ours, theirs in stored.items()}
    return layer, stored


def _build(case: Case, tensors: Tensors, factory: dict[str, Any]) -> torch.nn.Module:
    from torch import nn

    match case:
        case BatchNorm():
            refuse_channels_last(case)
            if ("running_mean" in tensors) != ("running_var" in tensors):
                raise Unsupported("torch.nn tracks running_mean and running_var together or not at all")
            kind = _BATCH_NORMS.get(case.x.ndim, "BatchNorm1d" if case.x.ndim < 2 else "BatchNorm3d")
            channels = case.x.shape[1] if case.x.ndim > 1 else 1
            factory.update(_affine("gamma", "beta", "affine", tensors), track_running_stats="running_mean" in tensors)
            return _construct(getattr(nn, kind), channels, case.eps, case.momentum, **factory)
        case LayerNorm():
            factory.update(_affine("gain", "bias", "elementwise_affine", tensors))
            return _construct(nn.LayerNorm, normalized_shape(case), case.eps, **factory)
        case Dropout():
            dropout: nn.Module = getattr(nn, f"Dropout{features(case)}")(case.rate)
            return dropout
        case DropoutKin():
            alpha: nn.Module = nn.AlphaDropout(case.rate)
            return alpha
        case Dense():
            return nn.Linear(case.weight.shape[1], case.weight.shape[0], case.bias is not None, **factory)
        case Activation(name="prelu"):
            return nn.PReLU(slope(case, tensors).numel(), **factory)
        case Activation():
            return module(case.name, case.parameters)
    raise Unsupported(f"the torch adapter does not know the question {type(case).__name__}")


def _construct(make: Callable[..., torch.nn.Module], *arguments: Any, **options: Any) -> torch.nn.Module:
    try:
        return make(*arguments, **options)
    except TypeError as error:
        if "'bias'" not in str(error):
            raise
        raise Unsupported(f"this version's torch.nn.{make.__name__} cannot leave out the bias alone") from error


def _affine(scale: str, shift: str, switch: str, tensors: Tensors) -> dict[str, bool]:
    """Constructor arguments; ``bias`` only where it is needed, because older versions do not take it."""
    if shift in tensors and scale not in tensors:
        raise Unsupported(f"a normalization of torch.nn has no {shift} without {scale}")
    partial = scale in tensors and shift not in tensors
    return {switch: scale in tensors, **({"bias": False} if partial else {})}
