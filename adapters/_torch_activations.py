"""How PyTorch writes the activations: ``nn.<module>`` and ``nn.functional.<function>``, which take the same parameters.

Source: https://pytorch.org/docs/stable/nn.html#non-linear-activations-weighted-sum-nonlinearity
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from adapters.base import Unsupported

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class _Spelling:
    """The two names of one activation and what its parameters are called."""

    module: str
    function: str
    #: the suite's name of a parameter -> torch's
    renamed: Mapping[str, str] = field(default_factory=dict)
    #: what is always passed unless the case says otherwise
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def arguments(self, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        unknown = parameters.keys() - self.renamed.keys()
        if unknown:
            raise Unsupported(f"torch's {name} has no parameter {', '.join(sorted(unknown))}")
        return {**self.fixed, **{self.renamed[ours]: value for ours, value in parameters.items()}}


_SPELLINGS = {
    "relu": _Spelling("ReLU", "relu"),
    "leaky_relu": _Spelling("LeakyReLU", "leaky_relu", {"negative_slope": "negative_slope"}),
    "relu6": _Spelling("ReLU6", "relu6"),
    "elu": _Spelling("ELU", "elu", {"alpha": "alpha"}),
    "celu": _Spelling("CELU", "celu", {"alpha": "alpha"}),
    "selu": _Spelling("SELU", "selu"),
    "gelu": _Spelling("GELU", "gelu"),
    "gelu_tanh": _Spelling("GELU", "gelu", fixed={"approximate": "tanh"}),
    "silu": _Spelling("SiLU", "silu"),
    "mish": _Spelling("Mish", "mish"),
    "sigmoid": _Spelling("Sigmoid", "sigmoid"),
    "log_sigmoid": _Spelling("LogSigmoid", "logsigmoid"),
    "tanh": _Spelling("Tanh", "tanh"),
    "softplus": _Spelling("Softplus", "softplus", {"beta": "beta"}),
    "softsign": _Spelling("Softsign", "softsign"),
    "hard_sigmoid": _Spelling("Hardsigmoid", "hardsigmoid"),
    "hard_swish": _Spelling("Hardswish", "hardswish"),
    "hard_tanh": _Spelling("Hardtanh", "hardtanh"),
    # Without dim torch guesses an axis from the rank and warns.
    "softmax": _Spelling("Softmax", "softmax", {"axis": "dim"}, {"dim": -1}),
    "log_softmax": _Spelling("LogSoftmax", "log_softmax", {"axis": "dim"}, {"dim": -1}),
    "glu": _Spelling("GLU", "glu", {"axis": "dim"}, {"dim": -1}),
}


def spelling(name: str) -> _Spelling:
    if name not in _SPELLINGS:
        raise Unsupported(f"the torch adapter knows no activation {name}")
    return _SPELLINGS[name]


def function(name: str, parameters: Mapping[str, Any], x: torch.Tensor, namespace: Any = None) -> torch.Tensor:
    """The activation of ``x`` by its function in ``namespace``, ``torch.nn.functional`` unless it is given."""
    from torch.nn import functional

    written = spelling(name)
    y: torch.Tensor = getattr(namespace or functional, written.function)(x, **written.arguments(name, parameters))
    return y


def module(name: str, parameters: Mapping[str, Any]) -> torch.nn.Module:
    """The activation as a module of ``torch.nn``."""
    from torch import nn

    written = spelling(name)
    made: torch.nn.Module = getattr(nn, written.module)(**written.arguments(name, parameters))
    return made
