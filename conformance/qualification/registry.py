"""Where wrong and alternative sound layers are registered: subclasses of the NumPy control, one instance each.

A wrong layer names the clause that must catch it. Every instance answers as ``backend=numpy api=control``, so the suite
asks it exactly what it asks the control. A layer that two clauses must catch is registered under both.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from adapters._numpy_activations import Activations
from adapters._numpy_derivatives import ActivationDerivatives
from adapters._numpy_dropout import Dropouts
from adapters._numpy_kin import Kin
from adapters.numpy import NumPy


@dataclass(frozen=True)
class Fault:
    """A wrong layer. ``id`` is made of the clause and the class name, and so stays as long as they do."""

    id: str
    clause: str
    says: str
    adapter: NumPy


@dataclass(frozen=True)
class Sound:
    """A layer that computes the same in another sound way: no clause may catch it."""

    id: str
    says: str
    adapter: NumPy
    #: Whether it is sound, or fast enough, for sums of some thousand terms alone: a single running sum in float32 no
    #: longer grows at 2^24.
    short: bool = False

    def answers(self, clause: str) -> bool:
        """Whether the clause is put to it: not where it is too short, nor where it is the control over again."""
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

Layer = TypeVar("Layer", bound=NumPy)

FAULTS: list[Fault] = []
SOUND: list[Sound] = []


def fault(*, clause: str, says: str) -> Callable[[type[Layer]], type[Layer]]:
    """Register a wrong layer under the clause that must catch it."""

    def register(layer: type[Layer]) -> type[Layer]:
        _add(FAULTS, Fault(f"{clause}-{_hyphened(layer.__name__)}", clause, says, layer()))
        return layer

    return register


def sound(*, says: str, short: bool = False) -> Callable[[type[Layer]], type[Layer]]:
    """Register a layer that is right, whatever the order or the form that it computes in."""

    def register(layer: type[Layer]) -> type[Layer]:
        _add(SOUND, Sound(_hyphened(layer.__name__), says, layer(), short))
        return layer

    return register


Entry = TypeVar("Entry", Fault, Sound)


def _add(entries: list[Entry], entry: Entry) -> None:
    if any(entry.id == other.id for other in entries):
        raise ValueError(f"{entry.id} is registered twice: give the class another name")
    entries.append(entry)


def _hyphened(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
