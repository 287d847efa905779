"""The commands that read results: report, diff, reproduce, merge. Files are written whole, or not at all."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.report import difference as differences
from conformance.report.difference import Difference, difference
from conformance.report.view import View, opened

if TYPE_CHECKING:
    from rich.console import Console

#: Where a text goes that is to be printed.
STANDARD = Path("-")


class OutputError(Exception):
    """A file that cannot be written, or a request that makes none; the message says what to do."""


def add(commands: Any) -> None:
    """Add the commands to argparse's subparsers."""
    report = commands.add_parser("report", help="a page, or a file for a CI server, of a run", allow_abbrev=False)
    report.add_argument("results", type=Path, metavar="RESULTS", help="a results file")
    for name, what in _REPORTS.items():
        report.add_argument(f"--{name}", type=Path, metavar="FILE", help=f"{what[0]} (- prints it)")
    report.add_argument("--against", type=Path, metavar="OLD", help="results of an earlier run: tell what changed")
    told = "what 'conformance qualify' wrote: show in the page what the suite itself is worth"
    report.add_argument("--qualification", type=Path, metavar="FILE", help=told)

    diff = commands.add_parser(
        "diff", help="what changed between two runs; 1 if something got worse", allow_abbrev=False
    )
    diff.add_argument("old", type=Path, metavar="OLD", help="results of the earlier run")
    diff.add_argument("new", type=Path, metavar="NEW", help="results of the later run")
    for name in _DIFFS:
        diff.add_argument(f"--{name}", type=Path, metavar="FILE", help=f"write it as {name.upper()} too (- prints it)")
    told = f"an error grew where it is so many times what it was (default: {differences.FACTOR:g})"
    diff.add_argument("--factor", type=_factor, default=differences.FACTOR, metavar="F", help=told)

    reproduce = commands.add_parser("reproduce", help="a script that shows what a cell found", allow_abbrev=False)
    reproduce.add_argument("results", type=Path, metavar="RESULTS", help="a results file")
    told = "the id of a cell, as the report shows it, or its beginning; ID:RECORD for one of several; without, all ids"
    reproduce.add_argument("id", nargs="?", metavar="ID", help=told)
    reproduce.add_argument("--issue", action="store_true", help="the script in Markdown, ready to be filed")

    merge = commands.add_parser("merge", help="the results of several runs in one file", allow_abbrev=False)
    merge.add_argument("parts", type=Path, nargs="+", metavar="RESULTS", help="results files")
    told = "where the whole goes (default: merged.json)"
    merge.add_argument("--results", type=Path, default=Path("merged.json"), metavar="FILE", help=told)


def _factor(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 1 < float(text) < math.inf:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number above 1")


def write(path: Path, text: str) -> None:
    """Write the text beside its place and rename; ``-`` prints it. Raises OutputError."""
    if path == STANDARD:
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
        return
    temporary = path.parent / f".{path.name}.{os.getpid()}"
    try:
        temporary.write_text(text, "utf-8", newline="\n")
        os.replace(temporary, path)
    except (OSError, ValueError) as error:
        with contextlib.suppress(OSError, ValueError):
            temporary.unlink()
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"cannot write {path}: {reason}; name another file") from None


# ------------------------------------------------------------------ report


def _html(view: View, changes: Difference | None, qualification: Path | None = None) -> str:
    from conformance.report.html import page
    from conformance.report.scripts import Scripts

    if qualification is None:
        return page(view, Scripts(), changes)
    from conformance.qualification import document
    from conformance.report.qualified import Qualified

    return page(view, Scripts(), changes, Qualified(document.load(qualification)))


def _markdown(view: View, changes: Difference | None) -> str:
    from conformance.report.markdown import summary

    return summary(view, changes)


def _junit(view: View, _: Difference | None) -> str:
    from conformance.report.junit import document

    return document(view)


def _badge(view: View, _: Difference | None) -> str:
    from conformance.report.badge import endpoint

    return endpoint(view)


def _picture(view: View, _: Difference | None) -> str:
    from conformance.report.badge import picture

    return picture(view)


def _csv(view: View, _: Difference | None) -> str:
    from conformance.report.tabular import document

    return document(view)


Writer = Callable[[View, Difference | None], str]
#: Option -> what it writes, and who writes it.
_REPORTS: dict[str, tuple[str, Writer]] = {
    "html": ("one page that needs nothing else", _html),
    "markdown": ("a summary for a CI step", _markdown),
    "junit": ("JUnit XML, one case a clause and subject", _junit),
    "badge": ("a badge: SVG, or JSON for shields.io where the name ends in .json", _picture),
    "csv": ("a table of all cells", _csv),
}
_DIFFS = ("markdown", "html", "json")


def report(options: argparse.Namespace, console: Console) -> int:
    wanted = [(name, getattr(options, name)) for name in _REPORTS if getattr(options, name) is not None]
    if not wanted:
        raise OutputError("nothing to write: name a file with --html, --markdown, --junit, --badge or --csv")
    if options.qualification and not options.html:
        raise OutputError("--qualification is shown in the page: name one with --html")
    view = View(opened(options.results))
    changes = difference(View(opened(options.against)), view) if options.against else None
    for name, path in wanted:
        writer = _badge if name == "badge" and path.suffix == ".json" else _REPORTS[name][1]
        write(path, _html(view, changes, options.qualification) if name == "html" else writer(view, changes))
    return 0


def page_of(results: Path, path: Path) -> None:
    """The page of a results file, for who has just written one. Raises OutputError, ResultsError."""
    write(path, _html(View(opened(results)), None))


# ------------------------------------------------------------------ diff


def diff(options: argparse.Namespace, console: Console) -> int:
    found = difference(View(opened(options.old)), View(opened(options.new)), options.factor)
    from conformance.report import changes

    for name in _DIFFS:
        path = getattr(options, name)
        if path is not None:
            write(path, getattr(changes, name)(found))
    if STANDARD not in (options.markdown, options.html, options.json):
        changes.draw(found, console)
    return 1 if found.worse else 0


# ------------------------------------------------------------------ reproduce, merge


def reproduce(options: argparse.Namespace, console: Console) -> int:
    from conformance.report import reproduced

    view = View(opened(options.results))
    if options.id is None:
        reproduced.overview(view, console)
        return 0
    name, _, record = options.id.partition(":")
    write(STANDARD, reproduced.text(view, view.cell(name), record or None, issue=options.issue))
    return 0


def merge(options: argparse.Namespace, console: Console) -> int:
    from conformance.report.merged import merge

    merge(options.parts, options.results)
    return 0


HANDLERS: dict[str, Callable[[argparse.Namespace, Any], int]] = {
    "report": report,
    "diff": diff,
    "reproduce": reproduce,
    "merge": merge,
}
