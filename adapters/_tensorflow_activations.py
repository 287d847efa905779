"""How Keras and TensorFlow write the activations: in ``keras.activations``, ``keras.ops``, ``tf.nn``, ``tf.math``.

Sources: https://keras.io/api/layers/activations/ and https://www.tensorflow.org/api_docs/python/tf/nn
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any

from adapters.base import Unsupported


@dataclass(frozen=True)
class Spelling:
    """How a framework writes one activation."""

    #: where the function stands in its package, e.g. ``nn.relu``
    path: str
    #: the suite's name of a parameter -> the function's
    renamed: Mapping[str, str] = field(default_factory=dict)
    #: what is always passed unless the case says otherwise
    fixed: Mapping[str, Any] = field(default_factory=dict)
    #: parameters, in the suite's names, that the function has built in with one value
    built_in: Mapping[str, Any] = field(default_factory=dict)

    def function(self, package: Any) -> Callable[..., Any]:
        """The function itself, from ``tensorflow`` or ``keras``; Unsupported where this version has none."""
        try:
            found: Callable[..., Any] = attrgetter(self.path)(package)
        except AttributeError:
            version = f"{package.__name__} {package.__version__}"
            raise Unsupported(f"{version} has no {self.path}") from None
        return found

    def arguments(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Keyword arguments for the function; Unsupported where it has no such parameter or another value built in."""
        given = dict(self.fixed)
        for ours, value in parameters.items():
            if ours in self.renamed:
                given[self.renamed[ours]] = value
            elif ours not in self.built_in:
                raise Unsupported(f"{self.path} has no parameter {ours}")
            elif value != self.built_in[ours]:
                raise Unsupported(f"{self.path} has {ours} = {self.built_in[ours]} built in, not {value}")
        return given


_AXIS = {"axis": "axis"}
# TensorFlow and Keras have 0.2 of their own; a case without a slope asks for the one of Maas et al., 2013.
_SLOPE = {"negative_slope": 0.01}

KERAS: Mapping[str, Spelling] = {
    "relu": Spelling("activations.relu"),
    "leaky_relu": Spelling("activations.leaky_relu", {"negative_slope": "negative_slope"}, _SLOPE),
    "relu6": Spelling("activations.relu6"),
    "elu": Spelling("activations.elu", {"alpha": "alpha"}),
    "celu": Spelling("activations.celu", {"alpha": "alpha"}),
    "selu": Spelling("activations.selu"),
    "gelu": Spelling("activations.gelu", fixed={"approximate": False}),
    "gelu_tanh": Spelling("activations.gelu", fixed={"approximate": True}),
    "silu": Spelling("activations.silu"),
    "mish": Spelling("activations.mish"),
    "sigmoid": Spelling("activations.sigmoid"),
    "log_sigmoid": Spelling("activations.log_sigmoid"),
    "tanh": Spelling("activations.tanh"),
    "softplus": Spelling("activations.softplus", built_in={"beta": 1}),
    "softsign": Spelling("activations.softsign"),
    "hard_sigmoid": Spelling("activations.hard_sigmoid"),
    "hard_swish": Spelling("activations.hard_swish"),
    "hard_tanh": Spelling("activations.hard_tanh", built_in={"lower": -1, "upper": 1}),
    "softmax": Spelling("activations.softmax", _AXIS),
    "log_softmax": Spelling("activations.log_softmax", _AXIS),
    "glu": Spelling("activations.glu", _AXIS),
}

#: ``keras.ops`` has the same names and arguments, but for one function that it lacks.
KERAS_OPS: Mapping[str, Spelling] = {
    name: replace(written, path=written.path.replace("activations.", "ops."))
    for name, written in KERAS.items()
    if name != "mish"
}

TF_NN: Mapping[str, Spelling] = {
    "relu": Spelling("nn.relu"),
    "leaky_relu": Spelling("nn.leaky_relu", {"negative_slope": "alpha"}, {"alpha": _SLOPE["negative_slope"]}),
    "relu6": Spelling("nn.relu6"),
    "elu": Spelling("nn.elu", built_in={"alpha": 1}),
    "selu": Spelling("nn.selu"),
    "gelu": Spelling("nn.gelu", fixed={"approximate": False}),
    "gelu_tanh": Spelling("nn.gelu", fixed={"approximate": True}),
    "silu": Spelling("nn.silu"),
    "sigmoid": Spelling("nn.sigmoid"),
    "log_sigmoid": Spelling("math.log_sigmoid"),
    "tanh": Spelling("nn.tanh"),
    "softplus": Spelling("nn.softplus", built_in={"beta": 1}),
    "softsign": Spelling("nn.softsign"),
    "softmax": Spelling("nn.softmax", _AXIS),
    "log_softmax": Spelling("nn.log_softmax", _AXIS),
}


def spelling(table: Mapping[str, Spelling], name: str) -> Spelling:
    """The entry of an activation; Unsupported where the api has none."""
    if name not in table:
        raise Unsupported(f"this api has no {name}")
    return table[name]
