"""Every sound layer: ``SOUND``, a list of entries with id, says and adapter. No clause may catch any of them."""

from __future__ import annotations

from adapters.numpy import NumPy
from conformance.clauses import CLAUSES

from ..registry import SOUND, Sound

# Importing a module registers what is in it; those of NumPy alone come first.
from . import layers, native, sums

__all__ = ["CONTROL", "SOUND", "Sound", "layers", "native", "sums"]

#: What most others are made from, as it is.
CONTROL = Sound("control", "the control", NumPy(), clauses=tuple(CLAUSES))
