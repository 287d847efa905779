"""Where wrong and alternative sound layers are registered, one instance of each class.

A wrong layer names the clause that must catch it, and the category of its fault. Most are subclasses of the NumPy
control, which answers as ``backend=numpy api=control``; others are a framework's own layer with the fault put in
(:mod:`.frameworks`). The suite asks each exactly what it asks what the layer is made of. A layer that two clauses must
catch is registered under both. One that its clause does not catch says why (``survives``): an open invitation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from adapters._numpy_activations import Activations
from adapters._numpy_derivatives import ActivationDerivatives
from adapters._numpy_dropout import Dropouts
from adapters._numpy_kin import Kin
from adapters.base import Adapter
from adapters.numpy import NumPy
from conformance.clauses import CLAUSES

#: What can be wrong with a layer.
CATEGORIES: Mapping[str, str] = {
    "formula": "a term, a factor, a sign or a constant",
    "axis": "what is averaged, normalized or shared over which axes",
    "epsilon": "where it stands, how large it is, whether it is used",
    "divisor": "n or n - 1, and what counts into n",
    "momentum": "which of the two the momentum is the weight of",
    "gradient": "the value is right, what is derived from it is not",
    "state": "what a layer keeps, or must not change",
    "dtype": "computed, accumulated or answered in another dtype",
    "reduction": "the order and the form in which sums are made",
    "mask": "which elements are dropped",
    "seed": "when the same mask comes again, and when another one",
    "scale": "the factor that the kept elements have",
    "special value": "NaN, infinities, zero of either sign, subnormal and largest numbers",
    "layout": "strides, channels last, tails of vectors, empty and single axes",
    "mode": "training for inference, compiled for eager",
    "validation": "what is accepted that must be refused, or the other way round",
    "composition": "each layer is right, what passes between them is not",
}


@dataclass(frozen=True)
class Fault:
    """A wrong layer. ``id`` is made of the clause and the class name, and so stays as long as they do."""

    id: str
    clause: str
    says: str
    adapter: Adapter
    category: str
    #: The issue in some framework's tracker that it stands for, if it stands for one.
    tracker: str | None = None
    #: Axis (those of a subject, and ``activation``) -> the value at which it is planted, where it is not at every one.
    only: Mapping[str, str] = field(default_factory=dict)
    #: Why the clause does not catch it, and what would: an open invitation. None where it must be caught.
    survives: str | None = None


@dataclass(frozen=True)
class Sound:
    """A layer that computes the same in another sound way: no clause may catch it."""

    id: str
    says: str
    adapter: Adapter
    #: Whether it is sound, or fast enough, for sums of some thousand terms alone: a single running sum in float32 no
    #: longer grows at 2^24.
    short: bool = False
    #: The clauses that are put to it; every one where there are none.
    clauses: tuple[str, ...] = ()
    #: As of a fault.
    only: Mapping[str, str] = field(default_factory=dict)

    def answers(self, clause: str) -> bool:
        """Whether the clause is put to it: not where it is too short, nor where it is the control over again."""
        if self.clauses:
            return clause in self.clauses
        return not (self.short and clause in MILLIONS) and self._differs(clause.partition(".")[0])

    def _differs(self, operation: str) -> bool:
        """Whether it computes anything of activations (ACT) or dropout (DO) in a way of its own."""
        alone = {"ACT": ACTIVATION_STEPS, "DO": DROPOUT_STEPS}.get(operation)
        own = {name for each in type(self.adapter).__mro__ if each not in NumPy.__mro__ for name in vars(each)}
        return alone is None or not own.isdisjoint(alone | COMMON_STEPS)


#: The steps of the control that activations, and dropout, are made of; and those that everything is made of.
ACTIVATION_STEPS = frozenset({*vars(Activations), *vars(ActivationDerivatives), "forward", "backward", "total"}) - {
    name for name in vars(Activations) if name.startswith("__")
}
DROPOUT_STEPS = frozenset(name for name in (*vars(Dropouts), *vars(Kin)) if not name.startswith("__"))
COMMON_STEPS = frozenset("ask answer answer_in computed_in stored_in flush modes".split())

#: The clauses that ask sums of millions of terms.
MILLIONS = frozenset({"BN.many", "LN.many"})

Layer = TypeVar("Layer", bound=Adapter)

FAULTS: list[Fault] = []
SOUND: list[Sound] = []


def fault(
    *,
    clause: str,
    category: str,
    says: str,
    tracker: str | None = None,
    only: Mapping[str, str] | None = None,
    survives: str | None = None,
) -> Callable[[type[Layer]], type[Layer]]:
    """Register a wrong layer, a class that is called without arguments, under the clause that must catch it.

    Raises ValueError for an unknown clause or category, and for a class that is registered under the clause already.
    """
    for name, value, known in (("clause", clause, CLAUSES), ("category", category, CATEGORIES)):
        if value not in known:
            raise ValueError(f"unknown {name} {value!r}; known: {', '.join(known)}")

    def register(layer: type[Layer]) -> type[Layer]:
        named = f"{clause}-{_hyphened(layer.__name__)}"
        _add(FAULTS, Fault(named, clause, says, layer(), category, tracker, dict(only or {}), survives))
        return layer

    return register


def sound(
    *, says: str, short: bool = False, clauses: tuple[str, ...] = (), only: Mapping[str, str] | None = None
) -> Callable[[type[Layer]], type[Layer]]:
    """Register a layer that is right, whatever the order or the form that it computes in."""

    def register(layer: type[Layer]) -> type[Layer]:
        _add(SOUND, Sound(_hyphened(layer.__name__), says, layer(), short, clauses, dict(only or {})))
        return layer

    return register


Entry = TypeVar("Entry", Fault, Sound)


def _add(entries: list[Entry], entry: Entry) -> None:
    if any(entry.id == other.id for other in entries):
        raise ValueError(f"{entry.id} is registered twice: give the class another name")
    entries.append(entry)


def _hyphened(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
