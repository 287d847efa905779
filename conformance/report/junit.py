"""JUnit XML, as CI servers read it: a suite for each backend, a case for each clause x subject."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from conformance.report.scripts import Scripts
from conformance.report.view import Cell, View, versions
from conformance.results import BAD

#: What XML 1.0 cannot hold at all; what is unseen was written out before.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: Failures whose script is written; a server shows no more.
SCRIPTS = 200


def document(view: View) -> str:
    """The whole file."""
    scripts, left = Scripts(), SCRIPTS
    root = ElementTree.Element("testsuites", name="conformance")
    for backend in view.backends:
        cells = [cell for cell in view.cells if cell.row["subject"]["backend"] == backend]
        counts = {
            "tests": len(cells),
            "failures": sum(cell.verdict == "fail" for cell in cells),
            "errors": sum(cell.verdict in BAD and cell.verdict != "fail" for cell in cells),
            "skipped": sum(cell.verdict in ("unsupported", "undecided") for cell in cells),
        }
        seconds = sum(_seconds(cell) for cell in cells)
        suite = ElementTree.SubElement(root, "testsuite", {"name": _text(f"conformance.{backend}")})
        suite.attrib |= {name: str(count) for name, count in counts.items()} | {"time": f"{seconds:.3f}"}
        suite.set("timestamp", _text(view.run["started"])[:19])
        properties = ElementTree.SubElement(suite, "properties")
        for name, version in versions(view.run).items():
            ElementTree.SubElement(properties, "property", {"name": _text(name), "value": _text(version)})
        for cell in cells:
            case = _case(suite, cell)
            if cell.verdict in BAD:
                kind = "failure" if cell.verdict == "fail" else "error"
                message = str(cell.row["message"] or cell.verdict)
                made = ElementTree.SubElement(
                    case, kind, {"message": _text(message.splitlines()[0][:300]), "type": cell.verdict}
                )
                made.text = _text(message)
                if left > 0:
                    left -= 1
                    made.text += _script(view, scripts, cell)
    ElementTree.indent(root, " ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _case(suite: ElementTree.Element, cell: Cell) -> ElementTree.Element:
    name = f"{cell.row['clause']}[{cell.subject}]"
    attributes = {"classname": f"conformance.{cell.row['subject']['backend']}.{cell.row['clause']}", "name": name}
    case = ElementTree.SubElement(suite, "testcase", {key: _text(value) for key, value in attributes.items()})
    case.set("time", f"{_seconds(cell):.3f}")
    if cell.verdict in ("unsupported", "undecided"):
        ElementTree.SubElement(case, "skipped", message=_text(str(cell.row["message"] or cell.verdict))[:300])
    elif cell.verdict == "deviation":
        ElementTree.SubElement(case, "system-out").text = _text(
            f"recorded deviation: {', '.join(cell.row['deviations'])}"
        )
    return case


def _seconds(cell: Cell) -> float:
    seconds = float(cell.row["seconds_total"])
    return seconds if 0 <= seconds < 1e9 else 0.0


def _script(view: View, scripts: Scripts, cell: Cell) -> str:
    for record, finding in cell.findings():
        script = scripts.of(view, cell, record, finding)
        if script is not None:
            return _text(f"\n\n{script.told}\n\n{script.text}")
    return ""


def _text(text: str) -> str:
    return _FORBIDDEN.sub("�", text)
