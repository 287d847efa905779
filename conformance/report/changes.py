"""What changed from one run to another: on a terminal, in Markdown, as a page, as JSON."""

from __future__ import annotations

import json as codec

from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance.report.difference import Change, Difference
from conformance.report.text import code
from conformance.report.text import markdown as escaped

#: Lines of a kind that are shown where a reader has no page.
MOST = 40
_STYLES = {True: "bold red", False: "green", None: ""}


def draw(found: Difference, console: Console) -> None:
    """Print both versions, what must be known, the changes, and the verdict last."""
    heads = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("", "old", "new"):
        heads.add_column(title, overflow="fold")
    for name, old, new in found.heads():
        heads.add_row(name, Text(old), Text(new, "bold" if old != new else ""))
    console.print(heads)
    for note in found.notes:
        console.print(Text(f"note: {note}"), soft_wrap=not console.is_terminal)
    for title, changes in found.by_kind():
        console.print()
        console.print(Text(f"{title}: {len(changes)}", "bold"))
        for change in changes[:MOST]:
            console.print(_line(change), soft_wrap=not console.is_terminal)
        if len(changes) > MOST:
            console.print(f"  and {len(changes) - MOST} more; --json FILE lists them all")
    console.print()
    console.print(Text(found.verdict(), "bold red" if found.worse else "bold green"))


def _line(change: Change) -> Text:
    told = Text(f"  {change.clause} {change.subject}: ")
    return told + Text(f"{change.was} -> {change.now}", _STYLES[change.worse])


def markdown(found: Difference) -> str:
    """For a CI step's summary."""
    lines = [f"## Conformance: {found.verdict()}", "", "| | old | new |", "|---|---|---|"]
    for name, old, new in found.heads():
        lines.append(f"| {escaped(name)} | {code(old)} | {code(new)} |")
    lines += ["", *(f"> {escaped(note)}" for note in found.notes)]
    for title, changes in found.by_kind():
        lines += ["", f"### {title}: {len(changes)}", "", "| | clause | subject | was | is |", "|---|---|---|---|---|"]
        for change in changes[:MOST]:
            sign = {True: "❌", False: "✅", None: ""}[change.worse]
            texts = (code(change.clause), code(change.subject), escaped(change.was), escaped(change.now))
            lines.append(f"| {sign} | {' | '.join(texts)} |")
        if len(changes) > MOST:
            lines.append(f"\n{len(changes) - MOST} more.")
    return "\n".join(lines) + "\n"


def html(found: Difference) -> str:
    from conformance.report.html import environment

    return environment().get_template("diff.html.j2").render(difference=found)


def json(found: Difference) -> str:
    return codec.dumps(found.as_dict(), indent=1) + "\n"
