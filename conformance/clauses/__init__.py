"""The clauses: one testable sentence each, with the formula, its source, and what typically fails it.

The table is what ``conformance list`` and ``conformance explain`` print; a test of the suite carries a clause's id in
its ``@clause`` decorator and nothing else about it.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

from conformance.clauses import activations, batch_norm, dropout, layer_norm, neuron
from conformance.clauses.model import Clause

__all__ = ["CLAUSES", "Clause"]

_LAYERS = (batch_norm, layer_norm, dropout, neuron, activations)
#: The layers whose clauses are all asked in every dtype, and those of them that have parameters or statistics, which
#: mixed precision keeps in another dtype than x.
_EVERY_DTYPE = frozenset({"BN", "BN-vs-LN", "LN", "DO", "NE"})
_LEARNING = _EVERY_DTYPE - {"DO"}
#: The clauses of other layers that are asked in 16 bits too, and in mixed precision too.
_SIXTEEN = frozenset("ACT.value ACT.grad".split())
_MIXED: frozenset[str] = frozenset()


def _layer(clause: Clause) -> str:
    return clause.id.partition(".")[0]


CLAUSES: dict[str, Clause] = {
    clause.id: replace(
        clause,
        dtypes=clause.dtypes if _layer(clause) in _EVERY_DTYPE or clause.id in _SIXTEEN else ("float32", "float64"),
        mixed=_layer(clause) in _LEARNING or clause.id in _MIXED,
    )
    for clause in chain.from_iterable(module.TABLE for module in _LAYERS)
}
