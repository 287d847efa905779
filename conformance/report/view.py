"""The results as a reader looks at them: cells with names, in the order of the clauses and subjects."""

from __future__ import annotations

import functools
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.base import AXES
from conformance import backends, results
from conformance.clauses import CLAUSES
from conformance.report.table import LAYERS, ordered
from conformance.report.text import printable
from conformance.results import BAD, VERDICTS, Results, Row

#: Verdicts from the worst to the best, then what says nothing.
SEVEREST = ("crash", "timeout", "fail", "undecided", "deviation", "pass", "unsupported")
DTYPES = ("float32", "float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16")


class NotFound(Exception):  # noqa: N818 - says what is the matter
    """No cell has that id; the message names those that are alike."""


Key = tuple[str, ...]


def opened(path: Path) -> Results:
    """A results file as it may be shown. Raises ResultsError."""
    found = results.load(path)
    return Results(printable(found.run), printable(found.rows), path)


def key(row: Mapping[str, Any]) -> Key:
    """What a row is about: clause, axes of the subject, activation."""
    return (row["clause"], *(row["subject"][axis] for axis in AXES), row["activation"] or "")


def identifier(row: Mapping[str, Any]) -> str:
    """The name of a cell, the same in every run: the clause, and eight digits for subject and activation."""
    about = json.dumps(key(row)[1:]).encode()
    return f"{row['clause']}-{hashlib.sha256(about).hexdigest()[:8]}"


@dataclass(frozen=True)
class Cell:
    """One clause x subject."""

    row: Row

    @functools.cached_property
    def id(self) -> str:
        return identifier(self.row)

    @property
    def verdict(self) -> str:
        return str(self.row["verdict"])

    @property
    def column(self) -> Key:
        return tuple(self.row["subject"][axis] for axis in AXES)

    @property
    def subject(self) -> str:
        axes = [f"{axis}={value}" for axis, value in self.row["subject"].items()]
        return " ".join([*axes, *([f"activation={self.row['activation']}"] if self.row["activation"] else [])])

    @property
    def worst(self) -> float:
        return float(self.row["worst"])

    def findings(self) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
        """What was found, with the record that excuses it: first what none excuses, then the largest errors."""
        if self.row["counterexample"]:
            yield None, self.row["counterexample"]
        yield from sorted(self.row["deviations"].items(), key=lambda item: -_size(item[1]))


def _size(finding: Mapping[str, Any]) -> float:
    ratio = float(finding.get("ratio", 0.0))
    return ratio if ratio == ratio else float("inf")


def _place(name: str, order: Sequence[str]) -> tuple[int, str]:
    return (order.index(name) if name in order else len(order), name)


@dataclass
class View:
    """Cells in order, and what is counted of them."""

    results: Results
    cells: list[Cell] = field(default_factory=list)

    def __post_init__(self) -> None:
        order = {name: place for place, name in enumerate(CLAUSES)}
        self.cells = [Cell(row) for row in self.results.rows]
        self.cells.sort(key=lambda cell: (order.get(cell.row["clause"], len(order)), key(cell.row)))

    @property
    def run(self) -> dict[str, Any]:
        return self.results.run

    @functools.cached_property
    def backends(self) -> list[str]:
        return ordered((cell.row["subject"]["backend"] for cell in self.cells), self.run["backends"])

    @functools.cached_property
    def columns(self) -> list[Key]:
        """The subjects, those of a backend together."""
        return sorted({cell.column for cell in self.cells}, key=self._rank)

    def _rank(self, column: Key) -> tuple[Any, ...]:
        backend, api, mode, device, dtype = column
        return _place(backend, self.backends), device, api, mode, _place(dtype, DTYPES)

    @functools.cached_property
    def counts(self) -> Counter[str]:
        return Counter(cell.verdict for cell in self.cells)

    def counted(self, backend: str) -> dict[str, int]:
        found = Counter(cell.verdict for cell in self.cells if cell.row["subject"]["backend"] == backend)
        return {verdict: found[verdict] for verdict in VERDICTS}

    @functools.cached_property
    def layers(self) -> list[tuple[str, list[tuple[str, list[Cell]]]]]:
        """Title of a layer -> its clauses -> their cells."""
        by_clause: dict[str, list[Cell]] = {}
        for cell in self.cells:
            by_clause.setdefault(cell.row["clause"], []).append(cell)
        groups: dict[str, list[tuple[str, list[Cell]]]] = {}
        for name, cells in by_clause.items():
            prefix = name.partition(".")[0]
            groups.setdefault(LAYERS.get(prefix, prefix), []).append((name, cells))
        return list(groups.items())

    def bad(self) -> list[Cell]:
        """What fails the run, the worst first."""
        return sorted((cell for cell in self.cells if cell.verdict in BAD), key=lambda c: SEVEREST.index(c.verdict))

    @functools.cached_property
    def met(self) -> dict[str, list[Cell]]:
        """Record -> the cells that met it, those with most first."""
        found: dict[str, list[Cell]] = {}
        for cell in self.cells:
            for name in cell.row["deviations"]:
                found.setdefault(name, []).append(cell)
        return dict(sorted(found.items(), key=lambda item: -len(item[1])))

    def record(self, name: str) -> dict[str, str]:
        found: dict[str, str] = self.run["records"].get(name, {})
        return found

    def cell(self, name: str) -> Cell:
        """The cell of that id, or of an id that begins so and is the only one. Raises NotFound."""
        found = [cell for cell in self.cells if cell.id.startswith(name)] if name else []
        exact = [cell for cell in found if cell.id == name]
        if len(exact or found) != 1:
            some = ", ".join(cell.id for cell in (found or self.findable())[:3]) or "none: nothing was found"
            what = f"{len(found)} cells begin with" if found else "no cell of these results has the id"
            raise NotFound(f"{what} {name[:60]!r}; ids are for example {some}")
        return (exact or found)[0]

    def findable(self) -> list[Cell]:
        """The cells with a counterexample or a deviation, what fails first."""
        cells = [cell for cell in self.cells if any(True for _ in cell.findings())]
        return sorted(cells, key=lambda cell: SEVEREST.index(cell.verdict))


def versions(run: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = run["environment"]["versions"]
    return found


def versions_of(run: Mapping[str, Any], backend: str) -> dict[str, str]:
    """NumPy's, and those of the distributions that a backend consists of; all where it is not known here."""
    if backend not in backends.names():
        return versions(run)
    wanted = ("numpy", *backends.adapter(backend).distributions)
    return {name: version for name, version in versions(run).items() if name in wanted}


def formula(row: Mapping[str, Any]) -> str:
    """The formula that a cell was held against: the activation's own where there is one."""
    from reference.activations import ACTIVATIONS

    if row["activation"] in ACTIVATIONS:
        return ACTIVATIONS[row["activation"]].formula
    return statement(row["clause"])["formula"]


def statement(name: str) -> Mapping[str, str]:
    """What a clause says; empty where this version of the suite has none of that name."""
    clause = CLAUSES.get(name)
    if clause is None:
        return {"statement": "", "formula": "", "source": "", "fails": ""}
    return {
        "statement": clause.statement,
        "formula": clause.formula,
        "source": clause.source,
        "fails": clause.fails,
    }
