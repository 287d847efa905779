"""A qualification in the terminal and as the parts of a page: what is caught, what is not, by whose tolerance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance.qualification.document import Document
from conformance.qualification.judges import BOUND
from conformance.qualification.power import WANTED, Power, power
from conformance.report.pictures import Picture
from conformance.report.svg import Plot
from conformance.report.text import figure, printable

#: Titles of the comparison, and of the categories.
JUDGED = ("judge", "faults caught", "in usable clauses", "false alarms", "sound elements held wrong")
CATEGORIES = ("category", "faults", "caught", "examples to the kill", "seconds")
TIGHT = ("clause", "elements", "median", "99 %", "largest")


class Qualified:
    """A qualification as it is shown; all text of the file is made harmless."""

    def __init__(self, document: Document) -> None:
        self.document: Document = printable(document)
        self.power: Power = power(self.document)

    @property
    def run(self) -> dict[str, Any]:
        found: dict[str, Any] = self.document["run"]
        return found

    def summary(self) -> Iterator[str]:
        """What it comes to, a line each."""
        found, faults = self.power, len(self.power.faults)
        caught = faults - len(found.survivors)
        yield (
            f"{caught} of {faults} planted faults are caught by the clause that they belong to "
            f"({_share(caught, faults)}; {WANTED:.0%} are wanted), half of them within "
            f"{figure(found.median('seconds'), 2)} s and {figure(found.median('examples'), 2)} examples; "
            f"{found.outright} of them without any tolerance"
        )
        layers = len({row["id"] for row in found.sound})
        undecided = figure(sum(row["undecided"] for row in found.sound), 3)
        yield (
            f"{layers} sound layers under {len(found.sound)} clauses: {len(found.alarms)} false alarms over "
            f"{figure(found.elements, 3)} elements, {undecided} more undecided"
        )
        better = found.better()
        yield (
            f"as good on both counts: {', '.join(better)}"
            if better
            else f"no fixed tolerance does as well on both counts, of {len(found.scores) - 1} that others use and "
            f"{len(found.sweep)} from 1 ulp up"
        )

    def scores(self) -> list[tuple[str, ...]]:
        return [
            (each.name, f"{each.caught}", f"{each.usable}", f"{each.alarms}", f"{each.wrong:,}")
            for each in self.power.scores
        ]

    def categories(self) -> list[tuple[str, ...]]:
        return [
            (name, f"{faults}", f"{caught}", figure(examples, 3), figure(seconds, 2))
            for name, faults, caught, examples, seconds in self.power.categories()
        ]

    def tightness(self) -> list[tuple[str, ...]]:
        return [
            (clause, f"{elements:,}", f"≤ {figure(half)}", f"≤ {figure(most)}", figure(largest, 2))
            for clause, elements, half, most, largest in self.power.tightness()
        ]

    def open(self) -> list[tuple[str, str]]:
        """What is wrong with the suite, or an invitation: survivors and alarms, each with what is known of it."""
        told = [(row["id"], row["survives"] or f"survives: {row['says']}") for row in self.power.survivors]
        told += [
            (f"{row['id']} {row['clause']}", f"false alarm: {row['says']}, {where(row['kills'][BOUND])}")
            for row in self.power.alarms
        ]
        return told + [(name, f"not asked: {why}") for name, why in self.document["not_asked"].items()]

    def kills(self) -> list[tuple[dict[str, Any], list[tuple[str, str]]]]:
        """Each fault, and the clauses that catch it, its own first: (clause, when)."""
        return [
            (
                row,
                [
                    (clause, when(kills[BOUND]))
                    for clause, kills in ((row["clause"], row["kills"]), *_others(row))
                    if BOUND in kills
                ],
            )
            for row in self.power.faults
        ]


def _others(row: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for other in row["others"] or ():
        yield other["clause"], other["kills"]


def where(kill: dict[str, Any]) -> str:
    subject = " ".join(f"{axis}={value}" for axis, value in kill["subject"].items())
    return f"{kill['output']} of {subject}" + (f" activation={kill['activation']}" if kill["activation"] else "")


def when(kill: dict[str, Any]) -> str:
    return f"example {kill['examples']}, {figure(kill['seconds'], 2)} s"


def _share(count: int, total: int) -> str:
    return f"{100 * count / max(1, total):.1f} %"


def draw(document: Document, console: Console) -> bool:
    """Print it; whether the suite does what it promises."""
    found = Qualified(document)
    for titles, lines in ((CATEGORIES, found.categories()), (TIGHT, found.tightness()), (JUDGED, found.scores())):
        console.print(_table(titles, lines))
        console.print()
    for name, told in found.open():
        console.print(Text(f"{name}: {told}"), soft_wrap=not console.is_terminal)
    for line in found.summary():
        console.print(Text(line), soft_wrap=not console.is_terminal)
    run = found.run
    told = f"profile {run['profile']} (sound layers {run['zoo_profile']}), seed {run['seed']}"
    console.print(Text(f"{told}; {figure(run['seconds'], 4)} s on the clock in {run['workers']} processes"))
    verdict = "qualified" if found.power.conforms else "NOT qualified"
    console.print(Text(verdict, "bold green" if found.power.conforms else "bold red"))
    return found.power.conforms


def _table(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for place, title in enumerate(titles):
        table.add_column(title, justify="right" if place else "left", overflow="fold")
    for line in lines:
        table.add_row(*line)
    return table


def picture(found: Qualified) -> Picture:
    """Faults caught against false alarms: the curve of all fixed tolerances, those that others use, and the bound."""
    total, pairs = len(found.power.faults), len(found.power.sound)
    plot = Plot("the fault bench", (-3, 100), (0, 104), "sound layers x clauses falsely alarmed, %", "faults caught, %")
    ticks = [(float(value), f"{value}") for value in range(0, 101, 20)]
    plot.axes(ticks, ticks)

    def place(alarms: int, caught: int) -> tuple[float, float]:
        return 100 * alarms / max(1, pairs), 100 * caught / max(1, total)

    swept = [(k, *place(alarms, usable)) for k, _, usable, alarms in found.power.sweep]
    plot.line([(x, y) for _, x, y in swept], "onepass", "a fixed tolerance of k ulps of (1 + |expected|)")
    plot.points(((x, y, f"{k:g} ulps: {y:.1f} % caught, {x:.1f} % alarms") for k, x, y in swept), "onepass")
    legend = [("onepass", "k ulps of (1 + |expected|), k from 1 to 2^60")]
    for number, score in enumerate(found.power.scores):
        x, y = place(score.alarms, score.usable)
        style = "bound" if score.name == BOUND else f"s{(number - 1) % 8}"
        plot.points([(x, y, f"{score.name}: {score.usable} faults, {score.alarms} alarms")], style)
        legend.append((style, score.name))
    caption = (
        f"{total} planted faults and {len({row['id'] for row in found.power.sound})} sound layers, the same answers "
        "judged by each. Upwards: faults caught in clauses in which the plain control passes, for a check that is "
        "always red catches nothing. To the right: sound layers that a clause alarms on. Best is the upper left corner."
    )
    return Picture("The fault bench", caption, plot.drawn(), legend)
