"""The table of errors in units in the last place: activations down, subjects across, value and gradient in a cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from conformance import ulps
from conformance.report.table import fitting, ordered
from conformance.results import Results

#: The lines of a column's title.
_TITLE = ("backend", "api", "mode", "dtype")


def figure(measured: Mapping[str, Any] | None) -> str:
    """Two or three characters where that is enough: 0.5, 12, 3e4, inf."""
    if measured is None:
        return "-"
    value = float(measured["ulps"])
    if value < 9.95:
        return f"{value:.1f}"
    if value < 999.5 or value == float("inf"):
        return f"{value:.0f}"
    return f"{value:.0e}".replace("e+0", "e").replace("e+", "e")


def cell(line: Mapping[str, Any] | None) -> str:
    return "" if line is None else " ".join(figure(line.get(output)) for output in ulps.OUTPUTS)


def tables(results: Results, width: int) -> Iterator[Table]:
    """In as many tables as the subjects need to fit the width."""
    lines = ulps.table(results.rows)
    several = len({line["device"] for line in lines}) > 1
    titles = {"\n".join(line[axis] for axis in (*_TITLE, "device")[: 5 if several else 4]): line for line in lines}
    cells = {
        title: {
            line["activation"]: cell(line) for line in lines if all(line[axis] == sample[axis] for axis in ulps.AXES)
        }
        for title, sample in titles.items()
    }
    names = ordered(titles, sorted(titles, key=lambda title: [titles[title][axis] for axis in ulps.AXES]))
    activations = sorted({line["activation"] for line in lines})
    widths = {
        title: max(len(text) for text in (*title.splitlines(), *column.values())) for title, column in cells.items()
    }
    first = max((len(name) for name in (*activations, "activation")), default=0)
    for chosen, gap in fitting(names, widths, width - first - 2):
        table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="bold")
        table.add_column("activation", no_wrap=True)
        for title in chosen:
            table.add_column(title, no_wrap=True)
        for name in activations:
            table.add_row(name, *(cells[title].get(name, "") for title in chosen))
        yield table


def draw(results: Results, console: Console) -> None:
    for table in tables(results, console.width):
        console.print(table)
        console.print()
    worst = [(line, output) for line in ulps.table(results.rows) for output in ulps.OUTPUTS if output in line]
    if not worst:
        console.print("no errors in ulps: the run asked no activation for value or gradient")
        return
    console.print("worst error of value and of gradient, in units in the last place of the subject's dtype;")
    console.print("the inputs at which they occur stand in the results file, under 'ulps'")
