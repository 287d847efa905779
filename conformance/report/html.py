"""The report as one page: no network, no build step, readable without JavaScript; everything of others is escaped."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import jinja2
from markupsafe import Markup, escape

from adapters.base import AXES
from conformance.report import pictures, table
from conformance.report.dialects import CHOICES, dialects
from conformance.report.difference import Difference, size
from conformance.report.qualified import CATEGORIES, JUDGED, TIGHT, Qualified, picture
from conformance.report.scripts import Scripts
from conformance.report.text import figure, line, link
from conformance.report.view import Cell, View, key, statement, versions
from conformance.results import BAD, processor

#: What a cell with a recorded deviation shows: what arithmetic explains it.
MARKS = {
    "one-pass variance": "1p",
    "cancelling form": "ca",
    "float32 inside": "32",
    "16-bit results": "rd",
    "16-bit sums": "16",
    "another answer": "≠",
}
_GRADES = dict(zip(("one-pass", "cancelling", "single", "rounded", "native", "none"), MARKS.values(), strict=True))
_SIGNS = {"fail": "✕", "crash": "☠", "timeout": "T", "undecided": "?", "unsupported": "&ndash;"}
_TILES = {
    "pass": "conform",
    "deviation": "meet a recorded deviation",
    "fail": "fail",
    "crash": "crash",
    "timeout": "time out",
    "undecided": "are undecided",
    "unsupported": "are not offered",
}
#: Runs before anything is drawn: what is for a reader without JavaScript is never laid out with it.
EARLY = 'document.documentElement.classList.add("js")'
#: Characters of cells written out in the page: beyond, a cell says which command writes it.
ROOM = 2_500_000


def environment() -> jinja2.Environment:
    """Jinja that escapes everything."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("conformance.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"figure": figure, "followed": link}
    made.globals["style"] = _asset(made, "style.css")
    scripts = {"early": Markup(EARLY), "script": _asset(made, "script.js")}
    made.globals |= scripts
    # The page's policy lets these run and no other, whatever might get in.
    made.globals["hashes"] = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts.values()
    ]
    return made


def _asset(made: jinja2.Environment, name: str) -> Markup:
    assert made.loader is not None
    return Markup(made.loader.get_source(made, name)[0])


def page(view: View, scripts: Scripts, difference: Difference | None = None, qualified: Qualified | None = None) -> str:
    """The report of a run, of what changed since another one, and of what the suite itself is worth."""
    run = view.run
    told, conforms = table.verdict(view.results)
    articles, left_out = _articles(view, scripts)
    counts = view.counts
    backends = view.backends
    return environment().get_template("report.html.j2").render(
        run=run,
        environment={"flags": {}, "python": "?", "platform": "", "suite": "?", **run["environment"]},
        processor=processor(run["environment"]),
        names=_listed(backends) or "nothing",
        versions=versions(run),
        devices=list(dict.fromkeys(cell.row["subject"]["device"] for cell in view.cells)),
        verdict=told,
        conforms=conforms,
        tiles=[(name, counts[name], text) for name, text in _TILES.items()],
        counts=counts,
        bars=[(name, found := view.counted(name), sum(found.values())) for name in backends],
        duration=f"{float(run['seconds']):.0f} s" if "seconds" in run else "unfinished",
        elements=sum(row["elements"] for row in view.results.rows),
        undecided=sum(row["undecided"] for row in view.results.rows),
        statistics=_statistics(view),
        difference=difference,
        failures=view.bad(),
        marks=MARKS,
        axes={axis: list(dict.fromkeys(column[place] for column in view.columns)) for place, axis in enumerate(AXES)},
        columns=view.columns,
        layers=list(_layers(view, {each["cell"].id for each in articles})),
        pictures=pictures.pictures(view),
        spread=pictures.spread(view),
        heats={output: pictures.heat(view, output) for output in ("y", "dx")},
        qualified=qualified,
        bench=qualified and picture(qualified),
        titles={"judged": JUDGED, "categories": CATEGORIES, "tight": TIGHT},
        choices=CHOICES,
        dialects=dialects(view),
        records=[(name, _record(view, name), cells) for name, cells in view.met.items()],
        clauses=[(name, statement(name)) for _, group in view.layers for name, _ in group],
        articles=articles,
        left_out=left_out,
        data=embedded(_data(view)),
    )  # fmt: skip


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _record(view: View, name: str) -> dict[str, str]:
    return {"kind": "", "severity": "", "reason": "no record of that name", "source": "", **view.record(name)}


def embedded(value: Any) -> Markup:
    """JSON inside a script element: no character of it can end the element."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def _statistics(view: View) -> str:
    tests = [test for row in view.results.rows for test in row["statistics"]]
    if not tests:
        return ""
    spent = sum(float(test["false_alarm"]) for test in tests)
    whole = figure(view.run["false_alarm"]["run"], 2)
    return f"{len(tests)} statistical tests spend {spent:.2g} of a false-alarm probability of {whole}"


# ------------------------------------------------------------------ the matrix


def _layers(view: View, written: set[str]) -> Iterator[dict[str, Any]]:
    place = {cell.id: number for number, cell in enumerate(view.cells)}
    column = {name: number for number, name in enumerate(view.columns)}
    for title, clauses in view.layers:
        used = sorted({column[cell.column] for _, cells in clauses for cell in cells})
        spans: dict[str, int] = {}
        for number in used:
            spans[view.columns[number][0]] = spans.get(view.columns[number][0], 0) + 1
        lines = []
        for name, cells in clauses:
            by_activation: dict[str, dict[int, Cell]] = {}
            for cell in cells:
                by_activation.setdefault(cell.row["activation"] or "", {})[column[cell.column]] = cell
            for activation, found in by_activation.items():
                text = "".join(_td(found.get(number), place, written) for number in used)
                told = statement(name)["statement"]
                lines.append({"clause": name, "activation": activation, "statement": told, "cells": Markup(text)})
        yield {"title": title, "spans": list(spans.items()), "columns": used, "lines": lines}


def _td(cell: Cell | None, place: Mapping[str, int], written: set[str]) -> str:
    if cell is None:
        return "<td>"
    sign = mark(cell)
    text = f'<a href="#{escape(cell.id)}" tabindex=-1>{sign}</a>' if cell.id in written else sign
    return f"<td id=c{place[cell.id]} class={cell.verdict}>{text}"


def mark(cell: Cell) -> str:
    """Two or three characters for a cell."""
    if cell.verdict == "deviation":
        return _GRADES.get(cell.row["grade"] or "none", _GRADES["none"])
    if cell.verdict != "pass":
        return _SIGNS[cell.verdict]
    ratio = cell.worst
    if not 0 < ratio < math.inf:
        return "✓"
    return "1.0" if ratio >= 0.995 else f"{ratio:.2f}"[1:] if ratio >= 0.005 else "0+"


def _data(view: View) -> dict[str, Any]:
    """What the page's script knows of every cell, in columns."""
    names = list(dict.fromkeys(name for cell in view.cells for name in cell.row["deviations"]))
    number = {name: place for place, name in enumerate(names)}
    column = {name: place for place, name in enumerate(view.columns)}
    cells = list(enumerate(view.cells))
    return {
        "axes": AXES,
        "columns": view.columns,
        "names": names,
        "ids": [cell.id for _, cell in cells],
        "column": [column[cell.column] for _, cell in cells],
        "records": {
            n: [number[name] for name in cell.row["deviations"]] for n, cell in cells if cell.row["deviations"]
        },
        "counted": [[cell.row[name] for name in ("examples", "elements", "undecided")] for _, cell in cells],
        "worst": [figure(cell.worst, 2) if cell.worst else 0 for _, cell in cells],
        "size": [_rounded(size(cell)) for _, cell in cells],
        "grades": [cell.row["grade"] for _, cell in cells],
        "messages": {n: line(cell.row["message"], 200) for n, cell in cells if _says(cell)},
        "nearest": {n: _nearest(cell.row["element"]) for n, cell in cells if cell.row["element"]},
    }


def _rounded(value: float) -> float:
    return float(f"{min(value, 1e300):.2g}")


def _says(cell: Cell) -> bool:
    return bool(cell.row["message"]) and cell.verdict in (*BAD, "undecided", "unsupported")


def _nearest(element: Mapping[str, Any]) -> list[str]:
    where = str(list(element["index"])) if element["index"] else ""
    numbers = (figure(element["got"], 9), figure(element["expected"], 9), figure(element["bound"]))
    return [f"{element['output']}{where}", element["regime"], *numbers]


# ------------------------------------------------------------------ cells in words


def _articles(view: View, scripts: Scripts) -> tuple[list[dict[str, Any]], str]:
    """Cells with a finding, as long as there is room: what fails, then an example of each record, then the others."""
    findable = view.findable()
    first = {id(cells[0]) for cells in view.met.values()}
    findable.sort(key=lambda cell: (cell.verdict not in BAD, id(cell) not in first))
    place = {key(cell.row): number for number, cell in enumerate(view.cells)}
    made, room, left = [], ROOM, 0
    for cell in findable:
        if room <= 0:
            left += 1
            continue
        findings = [_finding(view, scripts, cell, record, finding) for record, finding in cell.findings()]
        room -= 500 + sum(len(str(each)) for each in findings)
        made.append({"cell": cell, "place": place[key(cell.row)], "findings": findings})
    told = (
        f"{left} more cells meet recorded deviations: conformance reproduce RESULTS ID writes them out." if left else ""
    )
    return sorted(made, key=lambda each: each["place"]), told


def _finding(
    view: View, scripts: Scripts, cell: Cell, record: str | None, finding: Mapping[str, Any]
) -> dict[str, Any]:
    script = scripts.of(view, cell, record, finding)
    return {
        "record": record,
        "facts": facts(record, finding),
        "script": script.text if script else "",
        "script_told": script.told if script else "",
    }


def facts(record: str | None, finding: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was found, as pairs of name and text."""
    told = [("recorded as", record)] if record else []
    told += [(name, line(str(finding[name]), 1500)) for name in ("regime", "case") if finding.get(name)]
    if "message" in finding:
        return [*told, ("found", line(finding["message"], 600))]
    where = str(list(finding["index"])) if finding.get("index") else ""
    told.append(("worst element", f"{finding.get('output', '')}{where}"))
    told += [(name, repr(float(finding[name]))) for name in ("got", "expected") if name in finding]
    if "bound" in finding:
        told.append(("bound", f"± {figure(finding['bound'])}"))
    if "ratio" in finding:
        told.append(("error / bound", figure(finding["ratio"])))
    if "failing" in finding and "elements" in finding:
        told.append(("failing", f"{finding['failing']} of {finding['elements']} elements"))
    return [*told, ("grade", finding.get("grade", ""))]
