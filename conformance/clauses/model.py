"""What a clause is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Clause:
    """One testable sentence. ``operations``: an api that offers any of them is asked."""

    id: str
    operations: frozenset[str]
    statement: str
    formula: str
    source: str
    fails: str
    #: Whether the clause spends of the run's false-alarm probability.
    statistical: bool = False
    #: The dtypes that it is about; empty for all.
    dtypes: tuple[str, ...] = ()
