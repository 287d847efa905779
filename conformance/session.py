"""One run: which examinations it holds, which records it excuses, what it found. pytest calls it through the plugin."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from adapters.base import ACTIVATIONS, Adapter, Subject, Unsupported, dtype_missing
from adapters.process import GIGABYTE, Died, Limits, Process
from conformance import backends, bernoulli, deviations, evidence, journal, keyword, plan, profiles, results
from conformance.clauses import CLAUSES
from conformance.deviations import scripts
from conformance.examination import CONTROL, Examination, Nonconformance
from conformance.journal import Journal

#: A device that is asked only when it is named.
OPTIONAL_DEVICES = ("cuda",)


class Session:
    """The suite's side of a pytest session."""

    def __init__(self, filters: Mapping[str, list[str]], expression: str, seed: int, *, isolated: bool = False) -> None:
        self.filters, self.expression, self.seed, self.isolated = filters, expression, seed, isolated
        self._may_be_selected = keyword.selector(expression)
        self.missing = backends.missing()
        self.adapters = tuple(adapter for adapter in backends.installed() if self._wanted("backend", adapter.name))
        named = [*filters["device"], *(value for axis, value in keyword.terms(expression) if axis == "device")]
        self.devices = ("cpu", *(device for device in OPTIONAL_DEVICES if device in named))
        self.records = {adapter.name: deviations.load(adapter.name) for adapter in self.adapters}
        self.share = plan.false_alarm_share(backends.adapter(name) for name in backends.names())
        self.versions = {adapter.name: adapter.versions() for adapter in self.adapters}
        self.results = results.Results(self._run())
        #: Records that no case met: those whose behaviour is gone, those whose script still shows it, and those whose
        #: script does not, but of kernels that are perhaps not taken here.
        self.stale: list[str] = []
        self.unmet: list[str] = []
        self.elsewhere: list[str] = []
        #: Why the results could not be written, once that is so.
        self.unwritten: str | None = None
        #: Where the counts of earlier runs are, if this run's are to be added.
        self.evidence: Path | None = None
        #: What an earlier run of the same questions did already (:meth:`resume`).
        self.done: frozenset[tuple[str, ...]] = frozenset()
        self._journal: Journal | None = None
        self._before = 0.0
        self._planned: dict[str, tuple[plan.Entry, ...]] = {}
        self._by_clause: dict[tuple[str, str], tuple[deviations.Deviation, ...]] = {}
        self._prepared: dict[tuple[str, str], Unsupported | Died | None] = {}
        self._started = time.monotonic()

    @classmethod
    def of(cls, config: pytest.Config) -> Session:
        """The session that pytest's options ask for; UsageError where they name what does not exist."""
        filters = {axis: list(config.getoption(f"conformance_{axis}")) for axis in (*_FILTER_AXES, "clause")}
        expression = config.option.keyword or ""
        try:
            _check(filters)
            config.option.keyword = keyword.translate(expression, known_values())
            run = cls(filters, expression, config.getoption("conformance_seed"), isolated=config.getoption("isolate"))
        except (ValueError, deviations.DeviationError) as error:
            raise pytest.UsageError(str(error)) from None
        seconds, memory = config.getoption("conformance_timeout"), config.getoption("conformance_memory")
        Process.limits = Limits(seconds=seconds, memory=int(memory * GIGABYTE))
        if config.getoption("conformance_results"):
            Process.flights = journal.flights(Path(config.getoption("conformance_results")))
        for name in filters["backend"]:
            if name in run.missing:
                raise pytest.UsageError(f"backend {name}: {run.missing[name]}")
        return run

    def _run(self) -> dict[str, Any]:
        return {
            "started": results.now(),
            "finished": None,
            "complete": False,
            "profile": profiles.chosen(),
            "seed": self.seed,
            "filters": {axis: values for axis, values in self.filters.items() if values},
            "keyword": self.expression or None,
            "backends": [adapter.name for adapter in self.adapters],
            "missing": {name: why for name, why in self.missing.items() if self._wanted("backend", name)},
            "devices": list(self.devices),
            "records": {
                record.id: {key: getattr(record, key) for key in ("backend", "kind", "severity", "reason", "source")}
                for records in self.records.values()
                for record in records
            },
            "false_alarm": {"run": bernoulli.LEDGER, "each": self.share},
            "environment": results.environment(self.adapters),
            "dialects": {
                adapter.name: {api: asdict(adapter.dialect(api)) for api in adapter.apis} for adapter in self.adapters
            },
        }

    def resume(self, path: Path) -> None:
        """Go on with the run whose results these are. Raises ResultsError where they are of another one."""
        before = results.load(path)
        told = before.run
        for name in ("profile", "seed", "filters", "keyword", "backends", "devices", "false_alarm", "environment"):
            was, now = told.get(name), results.plain(self.results.run[name])
            if was != now:
                raise results.ResultsError(f"{path}: the run cannot go on here: its {name} was {was}, now it is {now}")
        there = {_key_of(row): row for row in before.rows}
        there |= {_key_of(row): row for row in journal.rows_beside(path)}
        self.results.rows, self.done = list(there.values()), frozenset(there)
        self.results.run["started"], self._before = told["started"], float(told.get("seconds", 0.0))

    def _wanted(self, axis: str, value: str) -> bool:
        chosen = self.filters[axis]
        return not chosen or value in chosen

    def examinations(self, clause_id: str) -> list[Examination]:
        """What the clause is put to in this run, before ``-k`` selects."""
        globs = self.filters["clause"]
        if globs and not any(fnmatchcase(clause_id, glob) for glob in globs):
            return []
        return [self._examination(entry) for entry in self._entries(clause_id) if self._selected(entry)]

    def _entries(self, clause_id: str) -> tuple[plan.Entry, ...]:
        if clause_id not in self._planned:  # every record asks for them again when the run ends
            self._planned[clause_id] = tuple(plan.entries(CLAUSES[clause_id], self.adapters, self.devices))
        return self._planned[clause_id]

    def _selected(self, entry: plan.Entry) -> bool:
        if self.done and _key(entry.clause.id, entry.subject.axes(), entry.activation) in self.done:
            return False
        wanted = all(self._wanted(axis, value) for axis, value in entry.subject.axes().items())
        return wanted and self._may_be_selected(entry.axes() | {"clause": entry.clause.id})

    def _examination(self, entry: plan.Entry) -> Examination:
        return Examination(
            clause=entry.clause,
            subject=entry.subject,
            adapter=entry.adapter,
            activation=entry.activation,
            deviations=self._concerning(entry.clause.id, entry.subject, entry.activation),
            seed=self.seed,
            false_alarm=self.share,
            peers=self._peers(entry.adapter),
            records=self._concerning,
            isolated=self.isolated,
        )

    def _concerning(self, clause: str, subject: Subject, activation: str | None) -> tuple[deviations.Deviation, ...]:
        return tuple(
            record
            for record in self._of_clause(subject.backend, clause)
            if record.speaks_of_subject(subject, activation)
        )

    def _of_clause(self, backend: str, clause: str) -> tuple[deviations.Deviation, ...]:
        """The records of the installed version that speak of a clause: thousands of subjects share them."""
        if (backend, clause) not in self._by_clause:
            installed = self.versions[backend]
            self._by_clause[backend, clause] = tuple(
                record
                for record in self.records[backend]
                if record.speaks_of_clause(clause) and record.is_of(installed)
            )
        return self._by_clause[backend, clause]

    def _peers(self, adapter: Adapter) -> tuple[Adapter, ...]:
        """The frameworks of this run after this one; neither the control nor Keras on one of them is one."""
        if adapter.name == CONTROL or adapter.environment:
            return ()
        after = self.adapters[self.adapters.index(adapter) + 1 :]
        return tuple(peer for peer in after if not peer.environment)

    def take_part(self, chosen: Iterable[Examination]) -> None:
        """Leave only the frameworks that ``-k`` chose to be compared with, where it names any: none else is started."""
        if any(axis == "backend" for axis, _ in keyword.terms(self.expression)):
            chosen = list(chosen)
            names = {exam.subject.backend for exam in chosen}
            for exam in chosen:
                exam.peers = tuple(peer for peer in exam.peers if peer.name in names)

    def explain_emptiness(self) -> None:
        """Nothing was selected: say so where the reason is a framework that is not there."""
        named = {value for axis, value in keyword.terms(self.expression) if axis == "backend"}
        reasons = [f"backend {name}: {why}" for name, why in self.missing.items() if name in named]
        sought = {*self.filters["dtype"], *(value for axis, value in keyword.terms(self.expression) if axis == "dtype")}
        reasons += [f"dtype {name}: {why}" for name in sorted(sought) if (why := dtype_missing(name)) is not None]
        if reasons:
            raise pytest.UsageError("; ".join(reasons))

    def prepare(self, exam: Examination) -> None:
        """Import the framework, once for each device; skip where it has no such device."""
        key = (exam.subject.backend, exam.subject.device)
        if key not in self._prepared:
            elsewhere = self.isolated and exam.adapter.name != CONTROL
            try:
                (Process.of(exam.adapter) if elsewhere else exam.adapter).prepare(exam.subject.device)
                self._prepared[key] = None
            except (Unsupported, Died) as error:
                self._prepared[key] = error
        reason = self._prepared[key]
        if isinstance(reason, Died):
            raise reason
        if reason is not None:
            exam.record.unsupported.append(str(reason))
            pytest.skip(str(reason))

    def row(self, exam: Examination, error: BaseException | None, seconds: float) -> results.Row:
        """The line of the results that an examination came to."""
        record = exam.record
        if record.deaths.smallest is not None:  # whatever else came up while its case was shrunk
            error = record.deaths.smallest[1]
        finding = error.finding if isinstance(error, Nonconformance) else None
        verdict, message = _verdict(exam, error)
        grade = record.grade
        if finding is not None:
            grade = finding["grade"]
        return {
            "clause": exam.clause.id,
            "subject": exam.subject.axes(),
            "activation": exam.activation,
            "verdict": verdict,
            "grade": grade,
            "examples": record.examples,
            "elements": record.elements,
            "undecided": record.undecided,
            "worst": record.worst,
            "worst_small": record.worst_small,
            "seconds_framework": round(record.framework_seconds, 6),
            "seconds_total": round(seconds, 6),
            "counterexample": results.plain(finding),
            "deviations": results.plain(record.deviations),
            "unsupported": sorted(set(record.unsupported)),
            "statistics": results.plain(record.statistics),
            "ulps": results.plain(record.ulps),
            "element": results.plain(record.element),
            "spread": record.spread if any(record.spread) else [],
            "offsets": results.plain(record.offsets),
            "message": message,
        }

    def open_results(self, path: Path) -> None:
        """Write the file before the first test, so that a path that cannot be written is known at once."""
        try:
            self._journal = Journal(path)
            self.results.path = path
            self.results.write()
            self._journal.clear()
        except results.ResultsError as error:
            if self._journal is not None:
                self._journal.close()
            raise pytest.UsageError(str(error)) from None

    def open_evidence(self, path: Path) -> None:
        """Read the file before the first test, so that one that cannot be gone on with is known at once."""
        try:
            # Without a row: whether this run could be added.
            evidence.load(path).add(self.seed, ())
        except evidence.EvidenceError as error:
            raise pytest.UsageError(str(error)) from None
        self.evidence = path

    def _accumulate(self, *, complete: bool) -> dict[str, Any] | None:
        """Add the run's counts to those of earlier ones; what the results then say of them."""
        if self.evidence is None:
            return None
        if not complete:
            return {"file": str(self.evidence), "added": 0, "against": []}
        try:
            held = evidence.load(self.evidence)
            added = held.add(self.seed, self.results.rows)
            evidence.save(held, self.evidence)
        except evidence.EvidenceError as error:
            self.unwritten = str(error)
            return None
        told = {"file": str(self.evidence), "added": added, "runs": len(held.seeds), "streams": len(held.streams)}
        return told | {"against": held.against()}

    def add(self, row: results.Row) -> None:
        """Keep a row. Raises ResultsError where the file cannot be written any more; it is not tried again."""
        try:
            if self._journal is not None:
                self._journal.append(row)
            self.results.add(row)
        except results.ResultsError as error:
            self.results.path, self.unwritten = None, str(error)
            raise

    def finish(self, *, complete: bool) -> bool:
        """Close the results; True where a record is stale, or evidence speaks against a subject: that fails the run."""
        if self.results.rows and complete and profiles.chosen() != "quick":
            for record in self._not_met():
                found = self.unmet if scripts.shows(record) else self.stale if record.here else self.elsewhere
                found.append(record.id)
        seconds = round(self._before + time.monotonic() - self._started, 3)
        accumulated = self._accumulate(complete=complete)
        closing = {} if accumulated is None else {"evidence": accumulated}
        not_met = {"stale": self.stale, "unmet": self.unmet, "elsewhere": self.elsewhere}
        try:
            self.results.finish(complete=complete, seconds=seconds, **not_met, **closing)
        except results.ResultsError as error:
            self.unwritten = str(error)
        if self._journal is not None and self.unwritten is None:
            self._journal.close()
        return bool(self.stale or closing.get("evidence", {}).get("against"))

    def _not_met(self) -> Iterator[deviations.Deviation]:
        """Records that excused nothing, although everything that they concern was asked."""
        asked = {_key_of(row) for row in self.results.rows}
        used = {name for row in self.results.rows for name in row["deviations"]}
        failed = {row["clause"] for row in self.results.rows if row["verdict"] in results.BAD}
        for record in (each for records in self.records.values() for each in records if each.id not in used):
            met = False
            for clause_id in filter(record.speaks_of_clause, CLAUSES):
                keys = self._rows_that_meet(record, clause_id)
                # A test that failed stopped before it could meet the record.
                if not keys <= asked or (keys and clause_id in failed):
                    break
                met = met or bool(keys)
            else:
                if met:
                    yield record

    def _rows_that_meet(self, record: deviations.Deviation, clause_id: str) -> set[tuple[str, ...]]:
        """The keys of the rows in which the record is met if the clause meets it."""
        if not record.is_of(self.versions[record.backend]):
            return set()
        clause, entries = CLAUSES[clause_id], self._entries(clause_id)
        # Where answers are held against each other one row is about every activation.
        others = sorted(clause.operations & ACTIVATIONS) if clause.against else []
        concerned = [
            entry
            for entry in entries
            if any(
                record.concerns(clause_id, entry.subject, activation, self.versions[entry.adapter.name])
                for activation in (entry.activation, *others)
            )
        ]
        if concerned and clause.against == "backends":
            # In the row of any framework of a pair; where one is not there, perhaps not at all.
            concerned = list(entries) if len(self.adapters) == len(backends.names()) else []
        return {_key(clause_id, entry.subject.axes(), entry.activation) for entry in concerned}

    def header(self) -> list[str]:
        named = {value for axis, value in keyword.terms(self.expression) if axis == "backend"}
        asked = [adapter for adapter in self.adapters if adapter.name in named] or self.adapters
        told = [f"{name} {version}" for adapter in asked for name, version in self.versions[adapter.name].items()]
        return [f"conformance: profile {profiles.chosen()}; {', '.join(dict.fromkeys(told))}"]

    def summary(self) -> list[str]:
        """What the run came to, in a few lines."""
        rows = self.results.rows
        counts = Counter(row["verdict"] for row in rows)
        told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in results.VERDICTS if counts[verdict])
        elements = sum(row["elements"] for row in rows)
        undecided = sum(row["undecided"] for row in rows)
        lines = [f"{len(rows)} clause x subject: {told}; {elements} elements judged, {undecided} undecided"]
        met = Counter(name for row in rows for name in row["deviations"])
        by_id = {record.id: record for records in self.records.values() for record in records}
        for name, count in sorted(met.items()):
            lines.append(f"  deviation {name} ({by_id[name].kind}, {by_id[name].severity}): met in {count}")
        lines += [
            f"  ERROR: the deviation {name} matched nothing: the behaviour is gone, so remove the record "
            "or close its versions"
            for name in self.stale
        ]
        lines += [f"  deviation {name}: met by no case of this run; its script still shows it" for name in self.unmet]
        perhaps = "of kernels that are perhaps not taken here, and not met"
        lines += [f"  deviation {name}: {perhaps}" for name in self.elsewhere]
        against = self.results.run.get("evidence", {}).get("against", [])
        lines += [f"  ERROR: evidence of all runs against {told}" for told in against]
        dtypes = {name for adapter in self.adapters for name in adapter.dtypes}
        lines += [f"  not asked: dtype {name}: {why}" for name in sorted(dtypes) if (why := dtype_missing(name))]
        lines += [f"  ERROR: {self.unwritten}"] if self.unwritten else []
        refused = Counter(
            (row["subject"]["backend"], row["message"]) for row in rows if row["verdict"] == "unsupported"
        )
        lines += [f"  not asked: {backend}, {count}: {why}" for (backend, why), count in sorted(refused.items())]
        lines += [
            f"  not asked: {name}: {why}" for name, why in self.results.run["missing"].items() if not self.expression
        ]
        return lines


_FILTER_AXES = ("backend", "api", "mode", "device", "dtype")


def known_values() -> dict[str, set[str]]:
    """Every value of every axis that some adapter declares."""
    every: list[Adapter] = [backends.adapter(name) for name in backends.names()]
    return {
        "backend": set(backends.names()),
        "api": {api for adapter in every for api in adapter.apis},
        "mode": {mode for adapter in every for mode in adapter.modes},
        "device": {device for adapter in every for device in adapter.devices},
        "dtype": {dtype for adapter in every for dtype in adapter.dtypes},
        "activation": {
            name for clause in CLAUSES.values() if clause.id.startswith("ACT.") for name in clause.operations
        },
        "clause": set(CLAUSES),
    }


def _check(filters: Mapping[str, list[str]]) -> None:
    """ValueError for a filter that names what does not exist."""
    known = known_values()
    for axis in _FILTER_AXES:
        for value in filters[axis]:
            if value not in known[axis]:
                raise ValueError(f"unknown {axis} {value!r}; known: {', '.join(sorted(known[axis]))}")
    for glob in filters["clause"]:
        if not any(fnmatchcase(name, glob) for name in CLAUSES):
            raise ValueError(f"--clause {glob!r} matches no clause; 'conformance list' shows them all")


def _verdict(exam: Examination, error: BaseException | None) -> tuple[str, str | None]:
    record = exam.record
    if isinstance(error, pytest.skip.Exception):
        return "unsupported", str(error)
    if isinstance(error, Died):
        return error.verdict, f"the framework cannot be imported: {error}"
    if error is not None:
        verdict = error.finding.get("verdict", "fail") if isinstance(error, Nonconformance) else "fail"
        return verdict, str(error) or type(error).__name__
    if record.deviations:
        return "deviation", ", ".join(sorted(record.deviations))
    if record.unsupported and record.examples == 0:
        return "unsupported", "; ".join(sorted(set(record.unsupported)))
    if record.elements == 0 and record.undecided:
        return "undecided", f"the bound of every element ({record.undecided}) is infinite"
    return "pass", None


def _key_of(row: results.Row) -> tuple[str, ...]:
    return _key(row["clause"], row["subject"], row["activation"])


def _key(clause: str, subject: Mapping[str, str], activation: str | None) -> tuple[str, ...]:
    return (clause, *subject.values(), activation or "")
