"""The ledger of a run: what its statistical tests spend of the false-alarm probability, and what each of them shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance.bernoulli import POWER
from conformance.clauses import CLAUSES
from conformance.report.table import ordered
from conformance.results import Results

Test = Mapping[str, Any]


def summary(results: Results) -> Iterator[str]:
    """A line for the run and one for each clause; nothing where no test was made."""
    by_clause: dict[str, list[Test]] = defaultdict(list)
    for row in results.rows:
        by_clause[row["clause"]] += row["statistics"]
    tests = [test for every in by_clause.values() for test in every]
    if not tests:
        return
    spent = sum(float(test["false_alarm"]) for test in tests)
    yield (
        f"{len(tests)} statistical tests spend {spent:.2g} of the false-alarm probability "
        f"{float(results.run['false_alarm']['run']):.2g}; what each shows with probability {POWER} is in 'conformance "
        "show RESULTS --ledger'"
    )
    for name in ordered((name for name, every in by_clause.items() if every), CLAUSES):
        every = by_clause[name]
        share = sum(float(test["false_alarm"]) for test in every)
        yield f"  {name}: {len(every)} tests spend {share:.2g}, and show shifts from {_range(every)}"


def _range(tests: list[Test]) -> str:
    shifts = [float(test["detectable_shift"]) for test in tests]
    return f"{min(shifts):.2g} to {max(shifts):.2g}"


def draw(results: Results, console: Console) -> None:
    """Each test, those of all subjects in a line: trials, share of the ledger, the smallest shift that it shows."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for title in ("clause", "rate", "what", "tests", "trials", "spend", "shift"):
        table.add_column(title, justify="left" if title in ("clause", "what") else "right", overflow="fold")
    lines: dict[tuple[str, str, str], list[Test]] = defaultdict(list)
    for row in results.rows:
        for test in row["statistics"]:
            lines[row["clause"], str(test.get("rate", "")), str(test.get("what", ""))].append(test)
    for (clause, rate, what), tests in sorted(lines.items()):
        trials = sorted({test["trials"] for test in tests if isinstance(test.get("trials"), int)})
        told = "" if not trials else str(trials[0]) if len(trials) == 1 else f"{trials[0]} to {trials[-1]}"
        spent = sum(float(test["false_alarm"]) for test in tests)
        shift = max(float(test["detectable_shift"]) for test in tests)
        table.add_row(clause, rate, what, str(len(tests)), told, f"{spent:.2g}", f"{shift:.2g}")
    if lines:
        console.print(table)
    for line in summary(results) if lines else ("no statistical test was made",):
        console.print(Text(line), soft_wrap=not console.is_terminal)
