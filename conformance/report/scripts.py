"""The script that shows a finding: made from its case, or that of the recorded deviation where no case can be written.

Inputs, expected value and bound are literals; the framework and NumPy are all that it needs; it exits 1 while the
behaviour is there. Text of others appears in comments alone, in lines that cannot be left.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.base import AXES, Case, Subject, Unsupported
from conformance import deviations
from conformance.clauses import CLAUSES
from conformance.deviations import DeviationError
from conformance.report.text import line
from conformance.report.view import Cell, View, formula, versions_of
from conformance.reproduce import jax, keras, torch
from conformance.reproduce.given import read
from conformance.reproduce.reduced import Language, packed, reduced
from conformance.reproduce.shown import showing

#: Lines that a script has at most.
LONGEST = 40
_OUTPUTS = re.compile(r"y|ty|dx|dxx|dxy|d?gamma|d?beta|d?gain|d?bias|d?weight|dalpha|running_mean|running_var")


@dataclass(frozen=True)
class Script:
    """A script, and what a reader is told of where it is from."""

    text: str
    told: str


class Scripts:
    """Makes scripts, and keeps the recorded ones that it has read."""

    def __init__(self) -> None:
        self._recorded: dict[str, dict[str, str]] = {}

    def of(self, view: View, cell: Cell, record: str | None, finding: Mapping[str, Any]) -> Script | None:
        """The script of a finding, if there is one."""
        try:
            text = written(view, cell, finding)
        except (Unsupported, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
            # The case is not one that can be written, or no case at all: results may come from anywhere.
            text = None
        if text is not None:
            return Script(text, "The case of this cell, reduced to what the element needs:")
        known = self._known(cell.row["subject"]["backend"]).get(record or "")
        return None if known is None else Script(known, f"The script of the recorded deviation {record}:")

    def _known(self, backend: str) -> dict[str, str]:
        if backend not in self._recorded:
            self._recorded[backend] = found = {}
            try:
                for record in deviations.load(backend) if re.fullmatch(r"[a-z][a-z0-9-]*", backend) else ():
                    if record.script.is_file():
                        found[record.id] = record.script.read_text("utf-8")
            except (DeviationError, OSError):
                pass
        return self._recorded[backend]


def written(view: View, cell: Cell, finding: Mapping[str, Any]) -> str:
    """A script made from the finding's own case. Raises Unsupported or ValueError where none can be."""
    subject = Subject(**{axis: cell.row["subject"][axis] for axis in AXES})
    if subject.device != "cpu":
        raise Unsupported("a device of its own")
    clause = CLAUSES.get(cell.row["clause"])
    if clause is None or clause.against:
        raise Unsupported("an answer that may be another subject's")
    case = read(finding["case"])
    if not all(value.flags.c_contiguous for _, value in case.arrays()):
        raise Unsupported("a layout of its own")
    output, shown = showing(case, finding)
    if not _OUTPUTS.fullmatch(output):
        raise Unsupported(f"the answer {output}")
    if "bound" in finding:
        case = reduced(case, output, tuple(int(place) for place in finding["index"]))
    imports, lines, language = _of(subject, case, output)
    body = shown(lines, language)
    text = "\n".join([*_head(view, cell, finding), *_imports(imports, body), *body]) + "\n"
    text = re.sub(r"\n{3,}", "\n\n", text)
    if text.count("\n") >= LONGEST:
        raise Unsupported("too long")
    compile(text, "reproducer", "exec")  # whatever happened, what is written is a script
    return text


def _of(subject: Subject, case: Case, output: str) -> tuple[tuple[str, ...], list[str], Language]:
    if subject.backend == "torch":
        return torch.IMPORTS, torch.lines(subject, case, output), torch.LANGUAGE
    if subject.backend == "jax":
        return jax.imports(subject), jax.lines(subject, case, output), jax.LANGUAGE
    if subject.backend in keras.RUNS_ON and subject.api in ("keras", "keras.ops", "tf.nn"):
        return keras.imports(subject), keras.lines(subject, case, output), keras.LANGUAGE
    raise Unsupported(f"scripts of {subject.backend} {subject.api}")


def _head(view: View, cell: Cell, finding: Mapping[str, Any]) -> list[str]:
    told = [f"{name} {version}" for name, version in versions_of(view.run, cell.row["subject"]["backend"]).items()]
    return [
        f"# {line(cell.subject, 110)}",
        f"# {line(cell.row['clause'], 40)}: {line(formula(cell.row), 70)}",
        f"# {line(', '.join(told), 110)}; regime {line(str(finding.get('regime', '')), 30)}",
    ]


def _imports(framework: tuple[str, ...], body: list[str]) -> list[str]:
    unpacked = ("import base64", "import zlib") if packed(body) else ()
    first = ("import os", *unpacked) if "import os" in framework else unpacked
    return [*first, "import sys", "", "import numpy as np", *(each for each in framework if each != "import os"), ""]
