"""A summary in Markdown for a CI step: the most important first, and never more than a server takes."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.report import table
from conformance.report.changes import markdown as changed
from conformance.report.difference import Difference
from conformance.report.text import block, code, line, markdown
from conformance.report.view import View, versions
from conformance.results import VERDICTS

#: Bytes that a step's summary may have.
MOST = 900_000
FAILURES = 50


def summary(view: View, difference: Difference | None = None) -> str:
    """Verdict, versions, what changed, failures with their cases, then the table and the records."""
    parts = [*_head(view)]
    if difference is not None:
        parts.append(changed(difference))
    parts += [*_failures(view), *_table(view), *_records(view)]
    made, room = [], MOST
    for part in parts:
        room -= len(part.encode()) + 1
        if room < 0:
            made.append("\nThe rest is in results.json.\n")
            break
        made.append(part)
    return "\n".join(made)


def _head(view: View) -> Iterator[str]:
    told, conforms = table.verdict(view.results)
    sign = {True: "✅", False: "❌", None: "⚠️"}[conforms]
    yield f"# {sign} Conformance: {markdown(told)}\n"
    yield ", ".join(f"{markdown(name)} **{markdown(version)}**" for name, version in versions(view.run).items()) + "\n"
    yield "| backend | " + " | ".join(VERDICTS) + " |"
    yield "|---|" + "---:|" * len(VERDICTS)
    for name in view.backends:
        counts = view.counted(name)
        yield f"| {markdown(name)} | " + " | ".join(str(counts[verdict] or "") for verdict in VERDICTS) + " |"
    yield ""
    for name in view.run.get("stale", []):
        yield f"- stale record {code(name)}: it matched nothing"
    for name in view.run.get("unmet", []):
        yield f"- record {code(name)}: met by no case of this run; its script still shows it"
    for name in view.run.get("elsewhere", []):
        yield f"- record {code(name)}: of kernels that are perhaps not taken here, and not met"


def _failures(view: View) -> Iterator[str]:
    bad = view.bad()
    if bad:
        yield f"\n## {len(bad)} failures\n"
    for cell in bad[:FAILURES]:
        yield f"### {code(cell.id)} {cell.verdict}\n\n{code(cell.subject)}\n"
        yield block(str(cell.row["message"] or cell.verdict)[:4000])
    if len(bad) > FAILURES:
        yield f"and {len(bad) - FAILURES} more.\n"


def _table(view: View) -> Iterator[str]:
    yield "\n## Clauses\n"
    yield "| clause | " + " | ".join(map(markdown, view.backends)) + " |"
    yield "|---|" + "---|" * len(view.backends)
    for _, clauses in view.layers:
        for name, cells in clauses:
            rows = {
                backend: [c.row for c in cells if c.row["subject"]["backend"] == backend] for backend in view.backends
            }
            texts = [markdown(table.cell(rows[backend]).plain) for backend in view.backends]
            yield f"| {code(name)} | {' | '.join(texts)} |"


def _records(view: View) -> Iterator[str]:
    if not view.met:
        return
    yield f"\n## {len(view.met)} recorded deviations met\n"
    yield "| record | kind | severity | cells | reason |\n|---|---|---|---:|---|"
    for name, cells in view.met.items():
        record = view.record(name)
        kind, severity = markdown(record.get("kind", "")), markdown(record.get("severity", ""))
        yield f"| {code(name)} | {kind} | {severity} | {len(cells)} | {markdown(line(record.get('reason', ''), 200))} |"
