"""What a clause is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from adapters.base import MIXED


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
    #: Whether the errors of its answers are told in units in the last place too.
    ulps: bool = False
    #: Whether it speaks of parameters or statistics, so that mixed precision is another question.
    mixed: bool = False
    #: What the answer is held against besides the specification: that of the mode "eager", or of other "backends".
    against: Literal["eager", "backends"] | None = None

    def concerns(self, dtype: str) -> bool:
        if dtype in MIXED:
            return self.mixed and (not self.dtypes or MIXED[dtype] in self.dtypes)
        return not self.dtypes or dtype in self.dtypes
