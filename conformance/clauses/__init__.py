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
#: The clauses that are asked in 16 bits too. The others wait until what they find there has been looked at.
_SIXTEEN = frozenset(
    "BN.train.output BN.train.grad BN.eval.output BN.eval.grad BN.eval.independent BN.eval.pure BN.running.update "
    "BN.low-precision LN.output LN.grad LN.samples-independent LN.mode-free LN.low-precision DO.support DO.rate "
    "DO.expectation DO.independent DO.shared DO.grad DO.eval DO.zero DO.one NE.output NE.grad NE.shape ACT.value "
    "ACT.grad".split()
)

#: The clauses that are asked in mixed precision too.
_MIXED = frozenset(
    "BN.train.output BN.train.grad BN.eval.output BN.eval.grad BN.eval.pure BN.running.update BN.low-precision "
    "LN.output LN.grad LN.low-precision NE.output NE.grad".split()
)

CLAUSES: dict[str, Clause] = {
    clause.id: replace(
        clause,
        dtypes=clause.dtypes if clause.id in _SIXTEEN else ("float32", "float64"),
        mixed=clause.id in _MIXED,
    )
    for clause in chain.from_iterable(module.TABLE for module in _LAYERS)
}
