"""Recorded deviations: what a framework is known to do differently, where exactly, why, and who says so.

One TOML file per backend, ``<backend>.toml``, with a ``[[deviation]]`` table per record::

    [[deviation]]
    id = "flax-fast-variance"
    clauses = ["BN.train.output", "LN.*"]  # globs
    subject = { api = ["flax.nnx"] }       # axis -> globs; "activation" is an axis too
    versions = "flax>=0.8"                 # a requirement on an installed distribution
    kind = "dialect"                       # a documented choice; everything else is a "defect"
    severity = "precision"                 # crash, wrong-result, precision, inconsistency, validation
    grade = "one-pass"                     # excuses only what this weaker model of arithmetic explains
    where = { x = { max = -1.0 } }         # only these elements or cases: a field of the case, "expected", "got"
    outputs = ["y"]                        # excuses only these outputs ("y.dtype": its dtype)
    reproducer = "fast-variance"           # reproducers/<backend>/<this>.py; the record's id where it is not said
    kernels = "onednn"                     # what only these do, which not every processor takes (:mod:`.kernels`)
    reason = "..."
    source = "https://..."

A reproducer is a script that needs NumPy and the framework alone, says what it got and what is right, and exits 1 while
the behaviour is there.

The bounds of ``where`` are min, max, abs_min, abs_max (element by element), any_abs_min (of any element) and equals
(nan included). A record of severity "crash" has its cases put to another process, and covers the output "crash".

A record excuses elements, not tests: what it does not describe fails as before. A record that excuses nothing in a run
that asked its clauses, and whose reproducer no longer shows it, is stale, and an error (:mod:`.scripts`): that no case
of a run met it alone would depend on the seed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from packaging.requirements import InvalidRequirement, Requirement

from adapters.base import Case, Subject
from conformance.clauses import CLAUSES
from conformance.deviations.kernels import KERNELS, taken

Array = np.ndarray[Any, np.dtype[Any]]
KINDS = ("dialect", "defect")
SEVERITIES = ("crash", "wrong-result", "precision", "inconsistency", "validation")
EXCUSABLE_GRADES = ("one-pass", "cancelling", "single", "rounded", "native")
BOUNDS = ("min", "max", "abs_min", "abs_max", "any_abs_min", "equals")
JUDGED = ("expected", "got")
AXES = ("api", "mode", "device", "dtype", "activation")
FOLDER = Path(__file__).parent


class DeviationError(Exception):
    """A deviation file that cannot be used; the message names the file and says what to do."""


@dataclass(frozen=True)
class Deviation:
    id: str
    backend: str
    clauses: tuple[str, ...]
    versions: Requirement
    kind: str
    severity: str
    reason: str
    source: str
    subject: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    grade: str | None = None
    where: Mapping[str, Mapping[str, float | str]] = field(default_factory=dict)
    outputs: tuple[str, ...] = ("*",)
    reproducer: str = ""
    kernels: str = ""

    @property
    def here(self) -> bool | None:
        """Whether it is about this machine; None: perhaps."""
        return taken(self.kernels) if self.kernels else True

    @property
    def script(self) -> Path:
        """The reproducer; several records may share one."""
        return FOLDER / "reproducers" / self.backend / f"{self.reproducer or self.id}.py"

    def concerns(self, clause: str, subject: Subject, activation: str | None, installed: Mapping[str, str]) -> bool:
        """Whether the record speaks of this clause, subject and installed version at all."""
        return self.speaks_of_clause(clause) and self.speaks_of_subject(subject, activation) and self.is_of(installed)

    def is_of(self, installed: Mapping[str, str]) -> bool:
        """Whether the record is about the installed version, and not about another kind of machine."""
        version = installed.get(self.versions.name)
        if version is None or not self.versions.specifier.contains(version, prereleases=True):
            return False
        return self.here is not False

    def speaks_of_clause(self, clause: str) -> bool:
        return _any(clause, self.clauses)

    def speaks_of_subject(self, subject: Subject, activation: str | None) -> bool:
        axes = {**subject.axes(), "activation": activation or ""}
        return subject.backend == self.backend and all(_any(axes[axis], globs) for axis, globs in self.subject.items())

    def covers(self, case: Case, output: str, shape: tuple[int, ...], **judged: Array) -> Array:
        """The elements of an output of ``shape`` that ``outputs`` and ``where`` describe, as a bool array.

        ``where`` names fields of the case or, where it is an element that is judged, ``expected``, the specification's
        own value, and ``got``, the answer.
        """
        covered = np.full(shape, _any(output, self.outputs))
        for name, bounds in self.where.items():
            value = judged.get(name) if name in JUDGED else getattr(case, name, None)
            if value is None:
                return np.zeros(shape, bool)
            inside = _inside(value, bounds)
            # A condition on another tensor's elements holds where any of them meets it.
            covered &= inside if inside.shape in ((), shape) else np.full(shape, inside.any())
        return covered


def _any(text: str, globs: Iterable[str]) -> bool:
    return any(fnmatchcase(text, glob) for glob in globs)


def _inside(value: Any, bounds: Mapping[str, float | str]) -> Array:
    if isinstance(value, np.ndarray):
        value = value.astype(np.float64)  # a limit may be a number that a 16-bit dtype does not have
    inside = np.ones(np.shape(value), bool)
    for kind, limit in bounds.items():
        match kind:
            case "equals":
                inside &= np.asarray((value == limit) | ((value != value) & (limit != limit)))  # nan equals nan
            case "min":
                inside &= np.asarray(value >= limit)
            case "max":
                inside &= np.asarray(value <= limit)
            case "abs_min":
                inside &= np.abs(value) >= limit
            case "abs_max":
                inside &= np.abs(value) <= limit
            case "any_abs_min":
                inside &= np.any(np.abs(value) >= limit)
    return inside


def load(backend: str, folder: Path | None = None) -> tuple[Deviation, ...]:
    """The records of one backend; none where it has no file. Raises DeviationError for a file that is not right."""
    path = (folder or FOLDER) / f"{backend}.toml"
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DeviationError(f"{path.name}: not readable as TOML: {error}") from None
    unknown = set(tables) - {"deviation"}
    if unknown:
        raise DeviationError(f"{path.name}: unknown table {', '.join(sorted(unknown))}: only [[deviation]] is known")
    entries = tables.get("deviation", [])
    if not isinstance(entries, list):
        raise DeviationError(f"{path.name}: write [[deviation]], one for each record, not [deviation]")
    records = tuple(
        _record(table, backend, f"{path.name}: deviation {index}") for index, table in enumerate(entries, 1)
    )
    ids = [record.id for record in records]
    for twice in sorted({name for name in ids if ids.count(name) > 1}):
        raise DeviationError(f"{path.name}: two records have the id {twice!r}: ids are unique")
    return records


_REQUIRED = ("id", "clauses", "versions", "kind", "severity", "reason", "source")
_OPTIONAL = ("subject", "grade", "where", "outputs", "reproducer", "kernels")


def _record(table: Mapping[str, Any], backend: str, place: str) -> Deviation:
    def check(condition: bool, message: str) -> None:
        if not condition:
            raise DeviationError(f"{place}: {message}")

    check(isinstance(table, dict), "not a table")
    for key in _REQUIRED:
        check(bool(table.get(key)), f"{key!r} is missing or empty")
    for key in table:
        check(key in _REQUIRED + _OPTIONAL, f"unknown key {key!r}; known: {', '.join(_REQUIRED + _OPTIONAL)}")
    for key in ("id", "versions", "kind", "severity", "reason", "source", "reproducer", "kernels"):
        check(isinstance(table.get(key, ""), str), f"{key!r} must be a string")
    place += f" ({table['id']})"
    check(table["kind"] in KINDS, f"kind {table['kind']!r} is none of {', '.join(KINDS)}")
    check(table["severity"] in SEVERITIES, f"severity {table['severity']!r} is none of {', '.join(SEVERITIES)}")
    for key in ("clauses", "outputs"):
        strings = table.get(key, ["*"])
        check(
            isinstance(strings, list) and all(isinstance(s, str) for s in strings), f"{key!r} must be a list of strings"
        )
    for glob in table["clauses"]:
        check(any(fnmatchcase(name, glob) for name in CLAUSES), f"clause {glob!r} matches none that exists")
    kernels = table.get("kernels", "")
    check(kernels in ("", *KERNELS), f"kernels {kernels!r} are none of {', '.join(KERNELS)}")
    grade = table.get("grade")
    check(grade in (None, *EXCUSABLE_GRADES), f"grade {grade!r} is none of {', '.join(EXCUSABLE_GRADES)}")
    try:
        versions = Requirement(table["versions"])
    except InvalidRequirement:
        raise DeviationError(
            f"{place}: versions {table['versions']!r} is no requirement such as 'flax>=0.8,<1'"
        ) from None
    return Deviation(
        **{key: table[key] for key in ("id", "kind", "severity", "reason", "source")},
        backend=backend,
        versions=versions,
        grade=grade,
        clauses=tuple(table["clauses"]),
        outputs=tuple(table.get("outputs", ["*"])),
        reproducer=table.get("reproducer", ""),
        kernels=kernels,
        subject=_axes(table.get("subject", {}), check),
        where=_where(table.get("where", {}), check),
    )


def _axes(table: Any, check: Any) -> dict[str, tuple[str, ...]]:
    check(isinstance(table, dict), "'subject' must be a table of axis = [globs]")
    for axis, globs in table.items():
        check(axis in AXES, f"unknown axis {axis!r} in 'subject'; known: {', '.join(AXES)}")
        check(
            isinstance(globs, list) and all(isinstance(g, str) for g in globs),
            f"subject.{axis} must be a list of strings",
        )
    return {axis: tuple(globs) for axis, globs in table.items()}


def _where(table: Any, check: Any) -> dict[str, dict[str, float | str]]:
    check(isinstance(table, dict), "'where' must be a table of name = { bound = number }")
    for name, bounds in table.items():
        check(isinstance(bounds, dict) and bool(bounds), f"where.{name} must be a table such as {{ min = 1.0 }}")
        for bound, limit in bounds.items():
            check(bound in BOUNDS, f"unknown bound {bound!r} in where.{name}; known: {', '.join(BOUNDS)}")
            number = isinstance(limit, int | float) and not isinstance(limit, bool)
            check(number or bound == "equals", f"where.{name}.{bound} must be a number")
    return {name: dict(bounds) for name, bounds in table.items()}
