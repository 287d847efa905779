"""``conformance reproduce``: the script of one finding, alone or as the text of an issue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance.report.scripts import Script, Scripts
from conformance.report.text import block, code, figure, harmless, line, markdown
from conformance.report.view import Cell, View, formula, statement, versions_of
from conformance.results import processor


class NoScript(Exception):  # noqa: N818 - says what is the matter
    """A cell without a script; the message says why, and what there is instead."""


def overview(view: View, console: Console) -> None:
    """The ids of all cells with a finding."""
    found = view.findable()
    if not found:
        console.print("nothing to reproduce: no cell has a counterexample or a recorded deviation")
        return
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("id", "verdict", "subject", "records"):
        grid.add_column(title, overflow="fold")
    for cell in found:
        subject = " ".join(each.partition("=")[2] for each in cell.subject.split())
        grid.add_row(*map(Text, (cell.id, cell.verdict, subject, ", ".join(cell.row["deviations"]))))
    console.print(grid)


def text(view: View, cell: Cell, record: str | None, *, issue: bool) -> str:
    """The script of the cell's first finding that has one, or of a record's. Raises NoScript."""
    scripts, findings = Scripts(), list(cell.findings())
    if not findings:
        raise NoScript(f"{cell.id} found nothing to reproduce: its verdict is {cell.verdict}")
    if record is not None:
        findings = [each for each in findings if each[0] == record]
        if not findings:
            met = ", ".join(cell.row["deviations"]) or "none"
            raise NoScript(f"{cell.id} did not meet a record {record[:60]!r}; it met {met}")
    for name, finding in findings:
        script = scripts.of(view, cell, name, finding)
        if script is not None:
            return _issue(view, cell, name, finding, script) if issue else script.text
    case = line(str(findings[0][1].get("case", "none")), 400)
    raise NoScript(f"no script is written for this kind of case ({cell.id}); the case: {case}")


def _issue(view: View, cell: Cell, record: str | None, finding: Mapping[str, Any], script: Script) -> str:
    told = statement(cell.row["clause"])
    known = view.record(record) if record else {}
    subject, environment = cell.row["subject"], view.run["environment"]
    about = cell.row["activation"] or subject["api"]
    lines = [f"# {markdown(about)} ({markdown(subject['mode'])}, {markdown(subject['dtype'])}): {_short(finding)}", ""]
    lines += ["## What happens", "", markdown(known.get("reason", "")) or _happens(finding), ""]
    if "bound" in finding:
        lines += [_happens(finding), ""]
    lines += ["## What is expected", "", f"{markdown(told['statement'])} That is {code(formula(cell.row))}", ""]
    lines += [f"Source: {markdown(told['source'])}", ""] if told["source"] else []
    lines += [f"Documentation, or what is known of it: {known['source']}", ""] if known.get("source") else []
    lines += ["## To reproduce", "", "It exits 1 while the behaviour is there:", "", block(script.text, "python")]
    if "bound" in finding and finding.get("case") and "reduced" in script.told:
        got, expected, bound = (float(finding[name]) for name in ("got", "expected", "bound"))
        printed = f"got   {got!r}\nright {expected!r} +- {bound!r}"
        lines += ["It printed:", "", block(printed)]
    lines += ["## Versions", ""]
    lines += [
        f"- {markdown(name)} {markdown(version)}" for name, version in versions_of(view.run, subject["backend"]).items()
    ]
    lines += [
        f"- Python {markdown(str(environment.get('python', '?')))}, {markdown(str(environment.get('platform', '?')))}"
    ]
    lines += [f"- device {markdown(subject['device'])}, {markdown(processor(environment))}".rstrip(", ")]
    return harmless("\n".join(lines)) + "\n"


def _short(finding: Mapping[str, Any]) -> str:
    if "message" in finding:
        return markdown(line(finding["message"], 90))
    output = markdown(str(finding.get("output", "the answer")))
    grade = {
        "one-pass": "loses its digits in a one-pass variance",
        "cancelling": "loses its digits by cancellation",
        "single": "has the precision of float32",
        "rounded": "rounds intermediate results to 16 bits",
        "native": "accumulates in 16 bits",
    }.get(str(finding.get("grade")), "is wrong")
    return f"{output} {grade}"


def _happens(finding: Mapping[str, Any]) -> str:
    if "message" in finding:
        return markdown(finding["message"])
    where = str(list(finding.get("index", ()))) if finding.get("index") else ""
    got, expected = figure(finding.get("got"), 9), figure(finding.get("expected"), 9)
    return (
        f"`{line(str(finding.get('output', '')), 40).replace('`', '')}{where}` is {got} where {expected} is right; "
        f"rounding explains an error of {figure(finding.get('bound'))}, this one is {figure(finding.get('ratio'))} "
        f"times as large ({finding.get('failing')} of {finding.get('elements')} elements are beyond)."
    )
