"""All cells as a table of comma-separated values (RFC 4180)."""

from __future__ import annotations

import csv
import io

from adapters.base import AXES
from conformance.report.view import View

COLUMNS = ("id", "clause", *AXES, "activation", "verdict", "grade", "examples", "elements", "undecided", "worst",
           "seconds_framework", "seconds_total", "deviations", "message")  # fmt: skip


def document(view: View) -> str:
    """The whole file; a text that a spreadsheet would take for a formula is quoted with an apostrophe."""
    output = io.StringIO()
    writer = csv.writer(output)
    writer.writerow(COLUMNS)
    for cell in view.cells:
        row = {**cell.row, **cell.row["subject"], "id": cell.id, "deviations": " ".join(cell.row["deviations"])}
        writer.writerow([_safe(row[name]) for name in COLUMNS])
    return output.getvalue()


def _safe(value: object) -> object:
    """No spreadsheet evaluates it (OWASP, CSV injection); newlines stay within their quotes."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") and value != "-inf":
        return f"'{value}"
    return value
