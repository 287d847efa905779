"""The clauses: one testable sentence each, with the formula, its source, and what typically fails it.

The table is what ``conformance list`` and ``conformance explain`` print; a test of the suite carries a clause's id in
its ``@clause`` decorator and nothing else about it.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

from conformance.clauses import activations, batch_norm, dropout, layer_norm, neuron, together
from conformance.clauses.model import Clause

__all__ = ["CLAUSES", "Clause"]

_LAYERS = (batch_norm, layer_norm, dropout, neuron, activations, together)
#: The layers with parameters or statistics, which mixed precision keeps in another dtype than x.
_LEARNING = frozenset({"BN", "BN-vs-LN", "LN", "NE"})

CLAUSES: dict[str, Clause] = {
    clause.id: replace(clause, mixed=clause.id.partition(".")[0] in _LEARNING)
    for clause in chain.from_iterable(module.TABLE for module in _LAYERS)
}
