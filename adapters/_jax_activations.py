"""How ``jax.nn`` spells the activations; Flax re-exports its functions, and adds PReLU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.base import Unsupported


@dataclass(frozen=True)
class Spelling:
    """How an activation is called: its name in the api, the arguments it always gets, and our parameters' keywords."""

    name: str
    always: Mapping[str, Any] = field(default_factory=dict)
    keywords: Mapping[str, str] = field(default_factory=dict)
    #: parameter -> the only value that the function has
    built_in: Mapping[str, float] = field(default_factory=dict)

    def arguments(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Keyword arguments of the call; Unsupported for a parameter that the function does not take."""
        given = dict(self.always)
        for parameter, value in parameters.items():
            if parameter in self.keywords:
                given[self.keywords[parameter]] = value
            elif self.built_in.get(parameter) != value:
                raise Unsupported(f"jax.nn.{self.name} takes no {parameter} (asked for {value})")
        return given


_ALPHA, _AXIS = {"alpha": "alpha"}, {"axis": "axis"}
SPELLINGS: Mapping[str, Spelling] = {
    "relu": Spelling("relu"),
    "leaky_relu": Spelling("leaky_relu", keywords={"negative_slope": "negative_slope"}),
    "relu6": Spelling("relu6"),
    "elu": Spelling("elu", keywords=_ALPHA),
    "celu": Spelling("celu", keywords=_ALPHA),
    "selu": Spelling("selu"),
    "gelu": Spelling("gelu", always={"approximate": False}),
    "gelu_tanh": Spelling("gelu", always={"approximate": True}),
    "silu": Spelling("silu"),
    "mish": Spelling("mish"),
    "sigmoid": Spelling("sigmoid"),
    "log_sigmoid": Spelling("log_sigmoid"),
    "tanh": Spelling("tanh"),
    "softplus": Spelling("softplus", built_in={"beta": 1.0}),
    "softsign": Spelling("soft_sign"),
    "hard_sigmoid": Spelling("hard_sigmoid"),
    "hard_swish": Spelling("hard_swish"),
    "hard_tanh": Spelling("hard_tanh"),
    "softmax": Spelling("softmax", keywords=_AXIS),
    "log_softmax": Spelling("log_softmax", keywords=_AXIS),
    "glu": Spelling("glu", keywords=_AXIS),
}
