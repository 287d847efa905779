"""The end of a run on a terminal: a table clause x backend, and what a reader must know besides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance.clauses import CLAUSES
from conformance.results import BAD, Results, Row

#: Verdicts from the worst to the best, as a cell names them.
WORST_FIRST = {
    "crash": "CRASH",
    "timeout": "TIMEOUT",
    "fail": "FAIL",
    "undecided": "open",
    "deviation": "dev",
    "pass": "ok",
    "unsupported": "n/a",
}
RED = "bold red"
STYLES = {"CRASH": RED, "TIMEOUT": RED, "FAIL": RED, "open": "magenta", "dev": "yellow", "ok": "green"}
LAYERS = {
    "BN": "batch normalization",
    "LN": "layer normalization",
    "BN-vs-LN": "both normalizations",
    "DO": "dropout",
    "NE": "neuron",
    "ACT": "activations",
    "NET": "layers together",
    "MODE": "modes of one framework",
    "DIFF": "pairs of frameworks",
}


def layer(clause: str) -> str:
    """The title of the group that a clause belongs to."""
    prefix = clause.partition(".")[0]
    return LAYERS.get(prefix, prefix)


def cell(rows: Sequence[Row]) -> Text:
    """The worst verdict, how many of the answers came to it, and, unless it is bad, the worst error over bound."""
    verdicts = Counter(row["verdict"] for row in rows)
    if not verdicts:
        return Text("")
    worst = next(verdict for verdict in WORST_FIRST if verdicts[verdict])
    label = WORST_FIRST[worst]
    asked = sum(verdicts.values()) - verdicts["unsupported"]
    count = f"{verdicts[worst]}" if worst in ("pass", "unsupported") else f"{verdicts[worst]}/{asked}"
    text = Text(f"{label} {count}", STYLES.get(label, "dim"))
    ratio = max(float(row["worst"]) for row in rows)
    if worst not in BAD and ratio > 0:
        # Three characters, so that four backends fit 80 columns.
        text.append(" " + (f"{ratio:.2f}".removeprefix("0") if ratio < 0.995 else f"{ratio:.1f}"), "dim")
    return text


def tables(results: Results, width: int) -> Iterator[Table]:
    """Clause x backend in as many tables as backends need to fit the width."""
    names = ordered((row["subject"]["backend"] for row in results.rows), results.run["backends"])
    clauses = ordered((row["clause"] for row in results.rows), CLAUSES)
    cells = {
        name: {
            clause: cell([row for row in results.rows if (row["clause"], row["subject"]["backend"]) == (clause, name)])
            for clause in clauses
        }
        for name in names
    }
    widths = {name: max(len(name), *(each.cell_len for each in column.values())) for name, column in cells.items()}
    first = max((len(text) for clause in clauses for text in (clause, layer(clause))), default=0)
    for chosen, gap in fitting(names, widths, width - first):
        table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="bold")
        table.add_column("clause", no_wrap=True)
        for name in chosen:
            table.add_column(name, no_wrap=True)
        title = None
        for clause in clauses:
            if title != layer(clause):
                title = layer(clause)
                table.add_row(Text(title, "bold"))
            table.add_row(clause, *(cells[name][clause] for name in chosen))
        yield table


def ordered(values: Iterable[str], order: Iterable[str]) -> list[str]:
    """The different values, those of the order first and in that order."""
    found, known = set(values), list(order)
    return [value for value in known if value in found] + sorted(found - set(known))


def fitting(names: Sequence[str], widths: dict[str, int], room: int) -> Iterator[tuple[list[str], int]]:
    """Groups of columns that fit the room, each with the space between columns (2, or 1 where that saves a table)."""
    left = list(names)
    while left:
        gap, size = max(
            ((gap, _leading([widths[name] + gap for name in left], room)) for gap in (2, 1)), key=lambda each: each[1]
        )
        yield left[:size], gap
        left = left[size:]


def _leading(widths: Sequence[int], room: int) -> int:
    """How many of the first columns fit; one at least."""
    for size in range(len(widths), 1, -1):
        if sum(widths[:size]) <= room:
            return size
    return 1


def failures(results: Results) -> list[Row]:
    return [row for row in results.rows if row["verdict"] in BAD]


def notes(results: Results) -> Iterator[tuple[str, str]]:
    """What a reader must know besides the table: (line, style)."""
    yield from _deviations(results)
    for name in results.run.get("stale", []):
        yield f"stale record {name}: it matched nothing; remove it, or close its versions", "bold red"
    for name in results.run.get("unmet", []):
        yield f"record {name}: met by no case of this run; its script still shows it", "yellow"
    for name in results.run.get("elsewhere", []):
        yield f"record {name}: of kernels that are perhaps not taken here, and not met", ""
    refused = Counter(
        (row["subject"]["backend"], (row["message"] or "not offered").splitlines()[0])
        for row in results.rows
        if row["verdict"] == "unsupported"
    )
    for (backend, reason), count in sorted(refused.items()):
        yield f"not asked: {backend}, {count} clauses x subjects: {reason}", ""
    for backend, reason in results.run["missing"].items():
        yield f"not asked: {backend}: {reason}", ""
    yield from _figures(results)


def _deviations(results: Results) -> Iterator[tuple[str, str]]:
    """A line for each record that was met; its reason and source are what ``conformance explain`` is for."""
    met = Counter(name for row in results.rows for name in row["deviations"])
    if not met:
        return
    records = {name: results.run["records"].get(name, {}) for name in met}
    kinds = Counter(str(record.get("kind", "no record")) for record in records.values())
    told = " and ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in sorted(kinds.items()))
    yield f"recorded deviations met: {told}; 'conformance explain CLAUSE' gives reason and source of each", ""
    width = max(map(len, met))
    for name, count in sorted(met.items()):
        kind, severity = (str(records[name].get(key, "")) for key in ("kind", "severity"))
        yield f"  {name:{width}}  {kind:7}  {severity:12}  in {count}".rstrip(), "yellow"


def _figures(results: Results) -> Iterator[tuple[str, str]]:
    rows, run = results.rows, results.run
    elements, undecided = sum(row["elements"] for row in rows), sum(row["undecided"] for row in rows)
    share = undecided / max(1, elements + undecided)
    yield f"{len(rows)} clauses x subjects, {elements} elements judged, {undecided} ({share:.2%}) undecided", ""
    # Imported here, because it draws by this module's means.
    from conformance.report import ledger

    yield from ((line, "") for line in ledger.summary(results))
    if "evidence" in run:
        yield from _evidence(run["evidence"])
    framework = sum(float(row["seconds_framework"]) for row in rows)
    seconds = f"{float(run['seconds']):.1f} s" if "seconds" in run else "unfinished"
    spent_in = f"{framework:.1f} s in the frameworks, all workers together"
    yield f"profile {run['profile']}, seed {run['seed']}; {seconds} on the clock, {spent_in}", ""


def _evidence(held: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not held["added"]:
        yield f"evidence in {held['file']}: nothing was added", ""
        return
    yield (
        f"evidence in {held['file']}: {held['streams']} counts of {held['runs']} runs, {held['added']} of this one",
        "",
    )
    for told in held["against"]:
        yield f"evidence of all runs against {told}", RED


def verdict(results: Results, also: Iterable[str] = ()) -> tuple[str, bool | None]:
    """The last line, and whether the run conforms; None where nothing was answered. ``also``: what else went wrong."""
    failed, stale = len(failures(results)), len(results.run.get("stale", []))
    wrong = [f"{failed} of {len(results.rows)} clauses x subjects fail"] if failed else []
    wrong += [f"{stale} recorded deviation{'s' if stale > 1 else ''} matched nothing"] if stale else []
    against = len(results.run.get("evidence", {}).get("against", ()))
    wrong += [f"the evidence of all runs speaks against {against} counts"] if against else []
    wrong += also
    if wrong:
        return f"does not conform: {'; '.join(wrong)}", False
    if not results.run["complete"]:
        return f"incomplete: the run ended early, after {len(results.rows)} clauses x subjects; these conform", False
    if all(row["verdict"] == "unsupported" for row in results.rows):
        return "nothing was run: no backend could be asked", None
    return "conforms", True


def draw(results: Results, console: Console, also: Iterable[str] = ()) -> bool | None:
    """Print tables, notes and the last line; returns whether the run conforms, None where nothing was answered."""
    for table in tables(results, console.width):
        console.print(table)
        console.print()
    told, conforms = verdict(results, also)
    for line, style in (*notes(results), (told, "bold green" if conforms else "bold red")):
        console.print(Text(line, style), soft_wrap=not console.is_terminal)
    return conforms
