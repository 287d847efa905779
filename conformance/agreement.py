"""Two answers to one case held against each other: by the sum of their bounds, and by kind where there is no bound."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from adapters.base import Activation, Adapter, BatchNorm, Case, Dense, Dropout, LayerNorm, Outcome, Subject
from conformance import expectation
from conformance.bounded import Bounded, largest
from conformance.examination import Examination
from conformance.judge import compare

Array = np.ndarray[Any, np.dtype[Any]]

#: The clauses that judge an answer alone, and those that do where a special value went in: what is recorded of a
#: subject there, or in the clause that compares, explains its disagreement with another one.
ALONE: dict[type[Case], tuple[tuple[str, ...], tuple[str, ...]]] = {
    BatchNorm: (
        ("BN.train.output", "BN.train.grad", "BN.eval.output", "BN.eval.grad", "BN.running.update"),
        ("BN.channels-independent",),
    ),
    LayerNorm: (("LN.output", "LN.grad"), ("LN.special",)),
    Dropout: (("DO.eval",), ("DO.special",)),
    Dense: (("NE.output", "NE.grad"), ()),
    Activation: (("ACT.value", "ACT.grad", "ACT.range"), ("ACT.special",)),
}


def special(case: Case) -> bool:
    """Whether a NaN or an infinity goes in."""
    return not all(np.isfinite(value.astype(np.float64)).all() for _, value in case.arrays())


@dataclass(frozen=True)
class Side:
    """One of two subjects that were asked: what it answered, and an examination with what is recorded of it."""

    exam: Examination
    outcome: Outcome

    @classmethod
    def of(cls, exam: Examination, adapter: Adapter, subject: Subject, case: Case, outcome: Outcome) -> Side:
        """What it meets goes into the record of ``exam``."""
        activation = case.name if isinstance(case, Activation) else None
        numbers, specials = ALONE[type(case)]
        clauses = (exam.clause.id, *numbers, *(specials if special(case) else ()))
        known = {record.id: record for clause in clauses for record in exam.records(clause, subject, activation)}
        described = {"subject": subject, "adapter": adapter, "deviations": tuple(known.values())}
        return cls(replace(exam, activation=activation, **described), outcome)  # type: ignore[arg-type]

    def answer(self, name: str) -> Array | None:
        return self.outcome.arrays[name] if name in self.outcome.arrays else self.outcome.state.get(name)

    def explains(self, case: Case, name: str, expected: Bounded, apart: Array) -> Array:
        """The elements of ``apart`` where this side is known to leave its bound or, without one, known at all; bool."""
        got = self.answer(name)
        assert got is not None
        comparison = compare(got, expected, self.exam.stored_as(case, name))
        left, _ = self.exam.unexcused(case, name, got, comparison, expectation.expect)
        explained = apart & comparison.failing & ~left
        for record in self.exam.deviations:
            described = apart & comparison.undecided & record.covers(case, name, apart.shape)
            if record.grade is None and described.any():
                told = f"{name} of {self.exam.subject}, as recorded"
                self.exam.excuse(record, 0.0, functools.partial(self.exam.finding, case, name, told))
                explained |= described
        return np.asarray(explained)


def hold(exam: Examination, case: Case, one: Side, other: Side, names: Iterable[str], prefix: str = "") -> None:
    """Require that two answers agree. ``prefix``: what an output is called by, so that a record can name the pair."""
    expected = expectation.expect(case, exam.dtype, exam.dialect)
    exam.record.examples += 1
    for name in names:
        if name in expected:
            _hold(exam, case, (one, other), name, expected[name], f"{prefix}{name}")


def _hold(exam: Examination, case: Case, sides: tuple[Side, Side], name: str, expected: Bounded, output: str) -> None:
    a, b = (side.answer(name) for side in sides)
    if a is None and b is None:
        return  # neither gives it back
    told = f"{name} is {_form(a)}; of {sides[1].exam.subject} it is {_form(b)}"
    if a is None or b is None or a.shape != b.shape or a.dtype != b.dtype:
        exam.require(False, case, told, output=f"{output}.form")
        return
    stored = exam.stored_as(case, name)
    tolerance = 2 * expected.tolerance(stored)
    apart, undecided = _apart(a, b, expected.value, tolerance, special(case), stored)
    exam.record.elements += int(apart.size - np.count_nonzero(undecided))
    exam.record.undecided += int(np.count_nonzero(undecided))
    _measure(exam, a, b, tolerance, ~apart & ~undecided)
    for side in sides:
        if apart.any():
            apart = apart & ~side.explains(case, name, expected, apart)
    if apart.any():
        index = tuple(int(i) for i in np.argwhere(apart)[0])
        told = (
            f"{name}{list(index)} is {a[index]!r}; of {sides[1].exam.subject} it is {b[index]!r}, of the "
            f"specification {expected.value[index]!r}; the sum of the two bounds is {tolerance[index]:.3g}"
        )
        exam.require(False, case, told, output=output, failing=apart)


def _apart(a: Array, b: Array, value: Array, tolerance: Array, special: bool, dtype: str) -> tuple[Array, Array]:
    """Where two answers disagree, and where nothing can be said."""
    one, other = np.asarray(a, np.float64), np.asarray(b, np.float64)
    with np.errstate(all="ignore"):
        alike = (one == other) | (np.isnan(one) & np.isnan(other))
        finite = np.isfinite(one) & np.isfinite(other)
        bounded = np.isfinite(tolerance) & np.isfinite(value)
        # Beyond the largest number one may be infinite and the other not yet.
        numbers = ~np.isnan(one) & ~np.isnan(other) & (np.sign(one) == np.sign(other))
        overflow = bounded & numbers & (np.abs(value) + tolerance > largest(dtype))
        # Without a bound two numbers may differ; a number and none may not, where a special value went in.
        undecided = ~alike & ~bounded & (finite | (not special))
        apart = ~(alike | undecided | overflow | (finite & (np.abs(one - other) <= tolerance)))
    return np.asarray(apart), np.asarray(undecided)


def _measure(exam: Examination, a: Array, b: Array, tolerance: Array, among: Array) -> None:
    """Keep the largest difference over the sum of the bounds."""
    one, other = (np.asarray(value, np.float64)[among] for value in (a, b))
    with np.errstate(all="ignore"):
        ratio = np.abs(one - other) / tolerance[among]
    worst = float(ratio[np.isfinite(ratio)].max(initial=0.0))
    exam.record.worst, exam.record.worst_small = max(worst, exam.record.worst), max(worst, exam.record.worst_small)


def _form(array: Array | None) -> str:
    return "missing" if array is None else f"of the shape {array.shape} and the dtype {array.dtype}"
