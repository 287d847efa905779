"""A case as one call of a function: of ``torch.nn.functional``, of ``torch``, or of torch's native normalizations.

``torch.batch_norm`` and the like are what the functions of ``nn.functional`` call after their checks.
``torch.native_batch_norm``, ``torch.native_layer_norm`` and ``torch.native_dropout`` are the kernels' own entries, and
also return what the gradient needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from adapters._torch_activations import function
from adapters._torch_tensors import (
    Tensors,
    called,
    features,
    normalized_shape,
    refuse_channels_last,
    refuse_mixed_products,
    refuse_shared,
    seed,
    slope,
)
from adapters.base import Activation, BatchNorm, Case, Dense, Dropout, DropoutKin, LayerNorm, Unsupported

if TYPE_CHECKING:
    import torch


def functional(case: Case, tensors: Tensors) -> torch.Tensor:
    """One call of ``torch.nn.functional`` (two for an activated dense layer)."""
    from torch.nn import functional

    x, get = tensors["x"], tensors.get
    match case:
        case BatchNorm():
            statistics = get("running_mean"), get("running_var")
            momentum = _momentum(case, "torch.nn.functional.batch_norm")
            return functional.batch_norm(x, *statistics, get("gamma"), get("beta"), case.training, momentum, case.eps)
        case LayerNorm():
            return functional.layer_norm(x, normalized_shape(case), get("gain"), get("bias"), case.eps)
        case Dropout():
            seed(case.seed, x.device)
            drop = getattr(functional, f"dropout{features(case)}")
            return called(case, lambda x: drop(x, case.rate, case.training), x)
        case DropoutKin():
            seed(case.seed, x.device)
            if case.kind == "alpha_dropout":
                return functional.alpha_dropout(x, case.rate, case.training)
            values = x.unsqueeze(1)  # one head
            alike = values.new_zeros(values.shape)
            rate = case.rate if case.training else 0.0
            return functional.scaled_dot_product_attention(alike, alike, values, dropout_p=rate).squeeze(1)
        case Dense():
            refuse_mixed_products(case)
            y = functional.linear(x, tensors["weight"], get("bias"))
            return y if case.activation is None else function(case.activation, {}, y)
        case Activation(name="prelu"):
            return functional.prelu(x, slope(case, tensors))
        case Activation():
            return function(case.name, case.parameters, x)
    raise _unknown(case)


def plain(case: Case, tensors: Tensors) -> torch.Tensor:
    """One call of a function in the namespace ``torch``."""
    import torch

    x, get = tensors["x"], tensors.get
    match case:
        case BatchNorm():
            momentum = _momentum(case, "torch.batch_norm")
            parameters = get("gamma"), get("beta"), get("running_mean"), get("running_var")
            return torch.batch_norm(x, *parameters, case.training, momentum, case.eps, torch.backends.cudnn.enabled)
        case LayerNorm():
            return torch.layer_norm(x, normalized_shape(case), get("gain"), get("bias"), case.eps)
        case Dropout():
            seed(case.seed, x.device)
            refuse_shared(case, "torch.dropout")
            return called(case, lambda x: torch.dropout(x, case.rate, case.training), x)
        case Activation(name="prelu"):
            return torch.prelu(x, slope(case, tensors))
        case Activation():
            return function(case.name, case.parameters, x, torch)
    raise _unknown(case)


def native(case: Case, tensors: Tensors) -> torch.Tensor:
    """The first of the tensors that one of torch's native functions returns."""
    import torch

    x, get = tensors["x"], tensors.get
    y: torch.Tensor
    match case:
        case BatchNorm():
            momentum = _momentum(case, "torch.native_batch_norm")
            parameters = get("gamma"), get("beta"), get("running_mean"), get("running_var")
            y, _, _ = torch.native_batch_norm(x, *parameters, case.training, momentum, case.eps)
            return y
        case LayerNorm():
            y, _, _ = torch.native_layer_norm(x, normalized_shape(case), get("gain"), get("bias"), case.eps)
            return y
        case Dropout():
            seed(case.seed, x.device)
            refuse_shared(case, "torch.native_dropout")
            return called(case, lambda x: torch.native_dropout(x, case.rate, case.training)[0], x)
    raise _unknown(case)


def _momentum(case: BatchNorm, asked: str) -> float:
    refuse_channels_last(case)
    if case.momentum is None:
        raise Unsupported(f"{asked} has no cumulative averaging (momentum=None)")
    return case.momentum


def _unknown(case: Case) -> Unsupported:
    return Unsupported(f"the torch adapter does not know the question {type(case).__name__}")


FUNCTIONS: Mapping[str, Callable[[Case, Tensors], torch.Tensor]] = {
    "nn.functional": functional,
    "torch": plain,
    "torch.native": native,
}
