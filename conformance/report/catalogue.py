"""``conformance list`` and ``conformance explain``: what can be asked, what a clause says. No framework is imported."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from fnmatch import fnmatchcase

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from conformance import backends, deviations
from conformance.clauses import CLAUSES, Clause
from conformance.deviations import Deviation
from conformance.report.table import layer


class UnknownClause(Exception):  # noqa: N818 - says what is the matter, like its neighbours
    """No clause has that id; the message names those that are alike."""


def overview(console: Console) -> None:
    """Clauses with their statements, then backends with what they offer, or why they are missing."""
    title = None
    for clause in CLAUSES.values():
        if title != layer(clause.id):
            title = layer(clause.id)
            console.print(Text(title, "bold"))
        console.print(_pair(clause.id, clause.statement, max(map(len, CLAUSES))))
    for name in backends.names():
        console.print()
        _backend(name, console)


def _backend(name: str, console: Console) -> None:
    adapter = backends.adapter(name)
    reason = adapter.missing()
    console.print(Text(f"backend {name}", "bold") + Text("" if reason is None else " (missing)", "yellow"))
    versions = ", ".join(f"{distribution} {version}" for distribution, version in adapter.versions().items())
    console.print(_pair("installed", versions, 11) if reason is None else _pair("missing", reason, 11))
    for axis, values in (
        ("apis", adapter.apis),
        ("modes", adapter.modes),
        ("devices", adapter.devices),
        ("dtypes", adapter.dtypes),
    ):
        console.print(_pair(axis, ", ".join(values), 11))


def _pair(name: str, text: str, width: int) -> Padding:
    """A name and a text beside it that wraps in its own column."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=width, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(name, "cyan"), Text(text, overflow="fold"))
    return Padding(grid, (0, 0, 0, 2))


def explain(name: str, console: Console) -> None:
    """Everything that is known of one clause. Raises UnknownClause, DeviationError for a record that is not right."""
    clause = CLAUSES.get(name)
    if clause is None:
        raise UnknownClause(_unknown(name))
    records = list(_records(clause))
    console.print(Text(clause.id, "bold"))
    for title, text in (
        ("statement", clause.statement),
        ("formula", clause.formula),
        ("source", clause.source),
        ("what fails", clause.fails),
        ("operations", ", ".join(sorted(clause.operations))),
        ("randomness", "an exact test, out of the run's false-alarm probability" if clause.statistical else "none"),
    ):
        console.print(_pair(title, text, 11))
    if clause.id.startswith("ACT."):
        _activations(clause, console)
    console.print()
    console.print(Text(f"recorded deviations: {len(records)}", "bold"))
    for record in records:
        _record(record, console)


def _unknown(name: str) -> str:
    by_fold = {known.casefold(): known for known in CLAUSES}
    close = [by_fold[fold] for fold in difflib.get_close_matches(name.casefold(), by_fold, n=4, cutoff=0.5)]
    hint = f"did you mean {', '.join(close)}?" if close else "'conformance list' shows them all"
    return f"unknown clause {name[:60]!r}: {hint}"


def _records(clause: Clause) -> Iterator[Deviation]:
    for backend in backends.names():
        for record in deviations.load(backend):
            if any(fnmatchcase(clause.id, glob) for glob in record.clauses):
                yield record


def _record(record: Deviation, console: Console) -> None:
    console.print(Text(f"  {record.id}", "yellow") + Text(f" ({record.kind}, {record.severity})"))
    axes = " ".join(f"{axis}={'|'.join(globs)}" for axis, globs in record.subject.items())
    for title, text in (
        ("where", f"backend={record.backend} {axes}".strip()),
        ("versions", str(record.versions)),
        ("kernels", record.kernels),
        ("reason", " ".join(record.reason.split())),
        ("source", record.source),
    ):
        if text:
            console.print(Padding(_pair(title, text, 9), (0, 0, 0, 2)))


def _activations(clause: Clause, console: Console) -> None:
    from reference.activations import ACTIVATIONS

    console.print()
    console.print(Text("activations", "bold"))
    for name in sorted(clause.operations & set(ACTIVATIONS)):
        activation = ACTIVATIONS[name]
        defaults = ", ".join(f"{key} = {value}" for key, value in activation.parameters.items())
        console.print(_pair(name, activation.formula + (f" (default: {defaults})" if defaults else ""), 13))
        console.print(_pair("", activation.source, 13))
