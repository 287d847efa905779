"""One clause put to one layer, and every judge asked about every answer.

The suite's own test ends at the first answer that leaves its bound. Here nothing ends it: what fails is noted, by whose
judgement, and the next example follows, so that every judge sees the same answers. A check that needs no tolerance
(shapes, dtypes, errors, special values, equality to the bit, counts, the agreement of two modes) speaks for all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adapters.base import Case, Outcome, Subject, Unsupported
from conformance import expectation
from conformance.examination import Examination, Nonconformance
from conformance.judge import Comparison

from . import bench
from .judges import BOUND, JUDGES, SWEEP, Array, Judge, Look
from .registry import Fault, Sound

#: What is left of an example in which something failed outright, or that nobody needs any more.
_FAILS, _SETTLED = "fails", "caught by every judge"


@dataclass
class Notes:
    """What each judge said of a layer."""

    judges: Sequence[Judge] = JUDGES
    #: When the layer was caught: by which judge, where, after how many examples and seconds.
    kills: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: Judge -> the elements that it holds to be wrong.
    wrong: dict[str, int] = field(default_factory=dict)
    #: The least tolerance, in ulps of (1 + |expected|), that would have let it pass; infinite where none would.
    needed: float = 0.0
    #: Whether some check that needs no tolerance caught it.
    outright: bool = False
    examples: int = 0
    started: float = field(default_factory=time.perf_counter)

    @property
    def names(self) -> list[str]:
        return [BOUND, *(judge.name for judge in self.judges)]

    @property
    def settled(self) -> bool:
        """Whether nobody is left who could still catch it."""
        swept = self.outright or not self.judges or self.needed > SWEEP[-1]
        return len(self.kills) == len(self.names) and swept

    def kill(self, judges: Iterable[str], exam: Watched, output: str) -> None:
        told = {
            "subject": exam.subject.axes(),
            "activation": exam.activation,
            "output": output,
            "examples": self.examples + exam.record.examples,
            "seconds": round(time.perf_counter() - self.started, 4),
        }
        for name in judges:
            self.kills.setdefault(name, told)

    def hold_wrong(self, judge: str, elements: int, exam: Watched, output: str) -> None:
        if elements:
            self.wrong[judge] = self.wrong.get(judge, 0) + elements
            self.kill([judge], exam, output)


@dataclass
class Watched(Examination):
    """An examination that notes what fails, and goes on."""

    notes: Notes = field(default_factory=Notes)
    #: Whether to leave out what would change nothing any more.
    brief: bool = False

    def put(self, subject: Subject, case: Case, peer: Any = None) -> Outcome:
        if self.brief and self.notes.settled:
            raise Unsupported(_SETTLED)
        return super().put(subject, case, peer)

    def require(
        self, condition: bool | np.bool_, case: Case, message: str, *, output: str = "*", failing: Array | None = None
    ) -> None:
        if not condition:
            raise self.outright(output)

    def _same_form(self, case: Case, name: str, got: Array | None, shape: tuple[int, ...]) -> Array:
        try:
            return super()._same_form(case, name, got, shape)
        except Nonconformance:
            raise self.outright(name) from None

    def outright(self, output: str) -> Unsupported:
        """Note it for everybody; the rest of the example cannot be asked."""
        self.notes.outright = True
        self.notes.kill(self.notes.names, self, output)
        return Unsupported(_FAILS)

    def _illustrate(self, case: Case, name: str, comparison: Comparison) -> None:
        super()._illustrate(case, name, comparison)
        if self.notes.judges:
            look = Look.at(comparison.got, comparison.expected, self.stored_as(case, name))
            self.notes.needed = max(self.notes.needed, look.needed())
            for judge in self.notes.judges:
                self.notes.hold_wrong(judge.name, int(np.count_nonzero(judge.failing(look))), self, name)

    def _explain(
        self, case: Case, name: str, got: Array, comparison: Comparison, expect: Callable[..., expectation.Expected]
    ) -> str:
        self.notes.hold_wrong(BOUND, int(np.count_nonzero(comparison.failing)), self, name)
        return "none"


def survey(
    layer: Fault | Sound,
    clause: str,
    seed: int = 0,
    *,
    judges: Sequence[Judge] = JUDGES,
    only: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What the judges say of a layer under one clause, at every subject at which it is planted, as plain data.

    A fault is left once everybody has caught it. ``only``: axis -> value, fewer subjects.
    """
    notes, brief = Notes(judges), isinstance(layer, Fault)
    elements = undecided = 0
    worst = small = 0.0
    spread: Array = np.zeros(0, int)
    for exam in bench.examinations(layer, clause, seed, only, Watched):
        exam.notes, exam.brief = notes, brief
        if brief and notes.settled:
            break
        try:
            bench.tests()[clause](exam)
        except Nonconformance:
            exam.outright("*")
        except RuntimeError:  # nothing was counted where every example ended before
            if not notes.kills:
                raise
        record = exam.record
        notes.examples += record.examples
        elements, undecided = elements + record.elements, undecided + record.undecided
        worst, small = max(worst, record.worst), max(small, record.worst_small)
        spread = np.asarray(record.spread) + (spread if spread.size else 0)
    return {
        "id": layer.id,
        "clause": clause,
        "kills": notes.kills,
        "wrong": notes.wrong,
        "needed": notes.needed,
        "outright": notes.outright,
        "examples": notes.examples,
        "elements": elements,
        "undecided": undecided,
        "worst": worst,
        "worst_small": small,
        "spread": spread.tolist(),
        "seconds": round(time.perf_counter() - notes.started, 4),
    }
