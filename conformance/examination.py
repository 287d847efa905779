"""One clause put to one subject: asks, judges, and keeps the record that becomes a line of the results.

A test of the suite receives an :class:`Examination` and reads like the clause::

    @clause("BN.train.output", regimes=cases.SQUARED)
    def test_train_output(exam, data):
        case = data.draw(cases.batch_norms(exam.dtype, exam.dialect, regime=exam.regime, training=True), label="case")
        exam.judge(case, exam.ask(case), ["y"])
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis.errors import UnsatisfiedAssumption

from adapters import flight, transport
from adapters.base import (
    Adapter,
    Case,
    Malformed,
    Outcome,
    Subject,
    Unsupported,
    counterpart,
    dtype_of,
    name_of,
    parameter_dtype,
    sound,
    tensor_dtype,
)
from adapters.process import Died, Process
from conformance import expectation, figures
from conformance.cases import Palette, describe
from conformance.clauses import Clause
from conformance.deaths import Deaths, particulars
from conformance.deviations import Deviation
from conformance.generation import clause
from conformance.judge import GRADES, Comparison, compare, identical, worse
from conformance.ulps import larger, measure

__all__ = ["CONTROL", "Examination", "Nonconformance", "Record", "clause"]

Array = np.ndarray[Any, np.dtype[Any]]

#: The backend that stands where a framework stands and is none: it lives where the specification does.
CONTROL = "numpy"
#: Up to this many values a statistic the bound's sharpness is measured: beyond, the bound grows faster than sound
#: errors do.
SMALL = 64


class Nonconformance(AssertionError):  # noqa: N818 - what it is called in the field
    """A clause that does not hold; ``finding`` holds the particulars as plain data."""

    def __init__(self, message: str, finding: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.finding = dict(finding)


@dataclass
class Record:
    """What one clause x subject came to, as it goes into the results."""

    examples: int = 0
    elements: int = 0
    undecided: int = 0
    worst: float = 0.0  #: worst error over bound, of all answers within it
    worst_small: float = 0.0  #: the same among statistics of at most SMALL values
    grade: str | None = None
    framework_seconds: float = 0.0
    unsupported: list[str] = field(default_factory=list)
    deviations: dict[str, dict[str, Any]] = field(default_factory=dict)  #: id -> its worst finding
    statistics: list[dict[str, Any]] = field(default_factory=list)
    ulps: dict[str, dict[str, Any]] = field(default_factory=dict)  #: output -> its worst error in ulps, and where
    element: dict[str, Any] | None = None  #: the element that ``worst`` is about
    spread: list[int] = field(default_factory=lambda: [0] * (len(figures.CLASSES) + 1))  #: errors over bound
    offsets: dict[str, dict[str, float]] = field(default_factory=dict)  #: |mean|/deviation -> worst error of y
    deaths: Deaths = field(default_factory=Deaths)


@dataclass
class Examination:
    """A clause, a subject, and the adapter that speaks for it."""

    clause: Clause
    subject: Subject
    adapter: Adapter
    activation: str | None = None
    deviations: tuple[Deviation, ...] = ()
    seed: int = 0
    regime: str = "positive"  #: the stratum that is being asked
    #: The false-alarm probability that this clause x subject may spend (statistical clauses).
    false_alarm: float = 1e-12
    record: Record = field(default_factory=Record)
    #: The other frameworks that a clause may hold the answer against.
    peers: tuple[Adapter, ...] = ()
    #: What is recorded of a subject (and its activation) in a clause, for a clause that asks several subjects.
    records: Callable[[str, Subject, str | None], tuple[Deviation, ...]] = lambda *_: ()
    #: Whether the framework is asked in a process of its own.
    isolated: bool = False

    def __post_init__(self) -> None:
        dtype_of(self.dtype)  # from here on NumPy knows it by its name

    @property
    def dtype(self) -> str:
        """The dtype of x and y; in mixed precision that of parameters is another one (``subject.dtype`` tells both)."""
        return tensor_dtype(self.subject.dtype)

    @property
    def held(self) -> str:
        """The dtype of parameters and statistics."""
        return parameter_dtype(self.subject.dtype)

    @property
    def palette(self) -> Palette:
        """Where the cases' shapes and settings come from: few of them where each costs a compilation."""
        fresh = self.adapter.compiles.get(self.subject.mode)
        if self.adapter.compiles_forward and self.clause.id.endswith(".forward"):
            fresh = fresh or "shape"
        return Palette(self.seed, fresh)

    @functools.cached_property
    def dialect(self) -> Any:
        return self.adapter.dialect(self.subject.api)

    @property
    def id(self) -> str:
        return self.subject.id + (f"-activation={self.activation}" if self.activation else "")

    def axes(self) -> dict[str, str]:
        return self.subject.axes() | ({"activation": self.activation} if self.activation else {})

    def __repr__(self) -> str:
        return f"<{self.clause.id} {self.subject}{f' activation={self.activation}' if self.activation else ''}>"

    def ask(self, case: Case) -> Outcome:
        """The subject's answer; an exception of the framework on a valid case is a failure of the clause."""
        try:
            return self.put(self.subject, case)
        except (Unsupported, Nonconformance, UnsatisfiedAssumption):
            raise
        except Exception as error:
            self.require(False, case, f"raised {type(error).__name__}: {_first_line(error)}", output="raises")
            raise Unsupported("refused, as a recorded deviation says") from error

    def refusal(self, case: Case) -> Exception | Outcome:
        """The error with which the subject refuses the case, or the answer that it gave."""
        try:
            return self.put(self.subject, case)
        except (Unsupported, Nonconformance, UnsatisfiedAssumption):
            raise
        except Exception as error:
            return error

    def put(self, subject: Subject, case: Case, peer: Adapter | None = None) -> Outcome:
        """One question to this examination's framework, or to a peer's; the time in it is kept.

        Raises Nonconformance where the process that is asked dies, or answers what is no answer.
        """
        adapter = self.adapter if peer is None else peer
        asked = Process.of(adapter) if self._elsewhere(adapter, case) else adapter
        death = self.record.deaths.known(subject, case)
        start = time.perf_counter()
        try:
            if death is not None:
                raise death
            if asked is adapter and Process.flights is not None:
                flight.of(Process.flights, adapter.name).record(transport.dumps(("ask", subject, case)))
            return sound(asked.ask(subject, case))
        except Died as death:
            self._died(subject, case, death)
            raise Unsupported("died, as a recorded deviation says") from death
        except Malformed as answer:
            raise self._nonconformance(case, "answer", str(answer)) from None
        finally:
            inside = asked.seconds if isinstance(asked, Process) else time.perf_counter() - start
            self.record.framework_seconds += inside

    def _elsewhere(self, adapter: Adapter, case: Case) -> bool:
        """Whether another process is asked: never two frameworks in one, nor one that a record says will die."""
        if adapter.name != self.adapter.name or (self.isolated and adapter.name != CONTROL):
            return True
        crashes = (each for each in self.deviations if each.severity == "crash")
        return any(each.covers(case, "crash", ()).all() for each in crashes)

    def _died(self, subject: Subject, case: Case, death: Died) -> None:
        """A death is a failure of the clause, and its case shrinks as any; returns where a record excuses it."""
        output = death.verdict if subject.backend == self.adapter.name else f"{subject.backend}.{death.verdict}"
        try:
            self.require(False, case, str(death), output=output)
        except Nonconformance as found:
            found.finding |= particulars(subject, case, death)
            self.record.deaths.keep(subject, case, death, found)
            raise

    def judge(
        self, case: Case, outcome: Outcome, outputs: Iterable[str], *, n: int | None = None, **known: Any
    ) -> None:
        """Hold the named outputs against the specification; raise Nonconformance where one leaves its bound.

        ``n``: values in the largest statistic, for the record of the bound's sharpness. ``known``: see
        ``expectation.expect``.
        """
        expected = expectation.expect(case, self.dtype, self.dialect, **known)
        self.compare(case, outcome, {name: expected[name] for name in outputs if name in expected}, n=n, **known)

    def compare(
        self,
        case: Case,
        outcome: Outcome,
        expected: expectation.Expected,
        *,
        n: int | None = None,
        expect: Callable[..., expectation.Expected] = expectation.expect,
        **known: Any,
    ) -> None:
        """The second half of :meth:`judge`, for expectations that a clause makes itself.

        ``expect``: makes them, and is asked again for each weaker model of arithmetic where one is not met.
        """
        self.record.examples += 1
        for name, bounded in expected.items():
            got = outcome.arrays[name] if name in outcome.arrays else outcome.state.get(name)
            got = self._same_form(case, name, got, bounded.shape)
            comparison = compare(got, bounded, self.stored_as(case, name))
            self.record.elements += comparison.decided
            self.record.undecided += int(np.count_nonzero(comparison.undecided))
            if self.clause.ulps and (measured := measure(case, name, comparison, self.stored_as(case, name))):
                self.record.ulps[name] = larger(self.record.ulps.get(name), measured)
            self._illustrate(case, name, comparison)
            grade = "stable"
            if comparison.failing.any():
                grade = self._explain(case, name, got, comparison, functools.partial(expect, **known))
            self.record.grade = worse(self.record.grade or "stable", grade)
            self.record.worst = max(self.record.worst, comparison.within)
            if n is not None and n <= SMALL:
                self.record.worst_small = max(self.record.worst_small, comparison.within)

    def _illustrate(self, case: Case, name: str, comparison: Comparison) -> None:
        """Keep the figures that the report draws; no verdict depends on them."""
        record = self.record
        record.spread = [one + other for one, other in zip(record.spread, figures.spread(comparison), strict=True)]
        if self.clause.id in figures.CONDITIONED:
            record.offsets = figures.larger(record.offsets, figures.offsets(case, name, comparison))
        if comparison.within > record.worst:
            record.element = figures.closest(case, name, comparison)

    def _same_form(self, case: Case, name: str, got: Array | None, shape: tuple[int, ...]) -> Array:
        """The answer, if it has the shape and the dtype that it must have."""
        if got is None:
            raise self._nonconformance(case, name, f"{name} is missing from the answer")
        if got.shape != shape:
            raise self._nonconformance(case, name, f"{name} has the shape {got.shape}, expected {shape}")
        stored = self.stored_as(case, name)
        kept = name_of(got.dtype) == stored
        self.require(kept, case, f"{name} has the dtype {got.dtype}, expected {stored}", output=f"{name}.dtype")
        return got

    def stored_as(self, case: Case, name: str) -> str:
        """The dtype that an answer must have: that of what it belongs to, else that of x."""
        belonging = counterpart(case, name)
        return self.dtype if belonging is None else name_of(belonging.dtype)

    def _explain(
        self, case: Case, name: str, got: Array, comparison: Comparison, expect: Callable[..., expectation.Expected]
    ) -> str:
        """The grade of a failure that a record excuses: the weaker model that explains it. Raises for the rest."""
        left, grade = self.unexcused(case, name, got, comparison, expect)
        if left.any():
            finding = self._finding(case, name, comparison, left, grade)
            raise Nonconformance(self._message(case, finding), finding)
        return grade

    def unexcused(
        self, case: Case, name: str, got: Array, comparison: Comparison, expect: Callable[..., expectation.Expected]
    ) -> tuple[Array, str]:
        """The failing elements that no record excuses (bool), and the weaker model that explains all that fail."""
        unexplained = {"none": comparison.failing}
        for model in expectation.WEAKER:
            if model.concerns(case, self.dtype):
                weaker = expect(case, self.dtype, self.dialect, model)[name]
                held = compare(got, weaker, self.stored_as(case, name))
                unexplained[model.grade] = comparison.failing & (held.failing | held.undecided)
        grade = next((each for each in GRADES[1:-1] if each in unexplained and not unexplained[each].any()), "none")
        left = comparison.failing.copy()
        for deviation in self.deviations:
            # A record with a grade excuses what that weaker model explains, one without what it describes.
            explained = (
                comparison.failing & ~unexplained.get(deviation.grade, comparison.failing) if deviation.grade else left
            )
            excused = left & explained & deviation.covers(case, name, left.shape, expected=comparison.expected, got=got)
            if excused.any():
                found = functools.partial(self._finding, case, name, comparison, excused, grade)
                self.excuse(deviation, float(comparison.ratio[excused].max()), found)
                left &= ~excused
        return left, grade

    def _finding(self, case: Case, name: str, comparison: Comparison, among: Array, grade: str) -> dict[str, Any]:
        index = comparison.worst_index(among)
        return {
            "case": describe(case),
            "regime": case.regime,
            "output": name,
            "index": list(index),
            "got": float(comparison.got[index]),
            "expected": float(comparison.expected[index]),
            "bound": float(comparison.tolerance[index]),
            "ratio": float(comparison.ratio[index]),
            "failing": int(np.count_nonzero(among)),
            "elements": int(among.size),
            "grade": grade,
        }

    def require(
        self, condition: bool | np.bool_, case: Case, message: str, *, output: str = "*", failing: Array | None = None
    ) -> None:
        """A requirement without a bound: an equality, a shape, an error. ``failing``: the elements at fault."""
        if condition:
            return
        left = np.array(True) if failing is None else failing.copy()
        for deviation in self.deviations:
            excused = left & deviation.covers(case, output, left.shape)
            if deviation.grade is None and excused.any():
                self.excuse(deviation, 0.0, functools.partial(self.finding, case, output, message))
                left &= ~excused
        if left.any():
            finding = self.finding(case, output, message)
            raise Nonconformance(self._message(case, finding), finding)

    def finding(self, case: Case, output: str, message: str) -> dict[str, Any]:
        return {"case": describe(case), "regime": case.regime, "output": output, "message": message, "grade": "none"}

    def _nonconformance(self, case: Case, output: str, message: str) -> Nonconformance:
        finding = self.finding(case, output, message)
        return Nonconformance(self._message(case, finding), finding)

    def exactly(self, case: Case, name: str, got: Array | None, want: Array) -> None:
        """Equality to the bit."""
        got = self._same_form(case, name, got, want.shape)
        different = ~identical(got, want.astype(got.dtype))
        self.record.elements += int(want.size)
        if different.any():
            index = tuple(np.argwhere(different)[0])
            message = f"{name}{[int(i) for i in index]} is {got[index]!r}, expected {want[index]!r} to the bit"
            self.require(False, case, message, output=name, failing=different)

    def finite(self, case: Case, outcome: Outcome, names: Iterable[str]) -> None:
        """No NaN in the named answers, and an infinity only where the value may be beyond the largest number."""
        expected = expectation.expect(case, self.dtype, self.dialect)
        for name in names:
            if name in outcome.arrays:
                got = outcome.arrays[name]
                allowed = expectation.beyond(expected[name], self.stored_as(case, name)) if name in expected else False
                # In float32 nothing that is asked here is: an undecided bound excuses no infinity there.
                spoilt = np.isnan(got) | (np.isinf(got) & ~np.asarray(allowed & (self.dtype == "float16")))
                self.require(not spoilt.any(), case, f"{name} is not finite", output=name, failing=spoilt)

    def excuse(self, deviation: Deviation, ratio: float, finding: Callable[[], dict[str, Any]]) -> None:
        """Keep the worst finding of each record; it is made, and its case written out, only where it is the worst."""
        known = self.record.deviations.get(deviation.id)
        if known is None or ratio > known.get("ratio", 0.0):
            self.record.deviations[deviation.id] = finding()

    def _message(self, case: Case, finding: Mapping[str, Any]) -> str:
        lines = [f"{self.clause.id}: {self.clause.statement}", f"  subject:  {self.subject}"]
        if self.activation:
            lines.append(f"  activation: {self.activation}")
        lines += [f"  formula:  {self.clause.formula}", f"  regime:   {case.regime}", f"  case:     {finding['case']}"]
        if "message" in finding:
            return "\n".join([*lines, f"  found:    {finding['message']}"])
        output = finding["output"] + (str(finding["index"]) if finding["index"] else "")
        error = abs(finding["got"] - finding["expected"])
        lines += [
            f"  worst of {finding['failing']} failing elements of {finding['elements']}: {output}",
            f"    got       {finding['got']!r}",
            f"    expected  {finding['expected']!r} +- {finding['bound']:.3g}",
            f"    error     {error:.3g}, {finding['ratio']:.3g} times the bound",
            f"    grade     {finding['grade']}",
        ]
        return "\n".join(lines)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or ["no message"])[0][:300]
