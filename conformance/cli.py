"""The command line ``conformance``: run, list, explain, show, qualify, report, diff, reproduce, merge.

Exit codes: 0 conforms (recorded deviations included), 1 something new fails or a record is stale (``diff``: something
got worse), 2 usage, 3 nothing was run, 4 a defect of the suite itself, 130 interrupted, 143 terminated. An error is one
line on standard error that says what to do.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from conformance import __version__
from conformance.report import commands as reports

if TYPE_CHECKING:
    from rich.console import Console

CONFORMS, FAILS, USAGE, NOTHING, DEFECT, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 4, 130, 143
FILTERS = ("backend", "api", "mode", "device", "dtype", "clause")
SEEDS = 2**31


def error(message: str) -> None:
    print(f"conformance: error: {' '.join(message.split())}", file=sys.stderr)


class Parser(argparse.ArgumentParser):
    """argparse with its errors in one line."""

    def error(self, message: str) -> NoReturn:
        error(f"{message}; see '{self.prog} --help'")
        raise SystemExit(USAGE)


def _values(text: str) -> list[str]:
    values = [value.strip() for value in text.split(",")]
    if not all(values):
        raise argparse.ArgumentTypeError(f"an empty value in {text!r}")
    return values


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= SEEDS:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 to {SEEDS - 1}")
    return int(text)


def _workers(text: str) -> str:
    if text != "auto" and not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number of processes from 1 up nor auto")
    return text


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < SEEDS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 up")
    return int(text)


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return value


def parser() -> Parser:
    top = Parser(
        prog="conformance", description="Check deep-learning frameworks against the specification.", allow_abbrev=False
    )
    top.add_argument("--version", action="version", version=f"conformance {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)

    run = commands.add_parser("run", help="check the frameworks that are installed", allow_abbrev=False)
    for name in FILTERS:
        what = "clauses that match GLOB" if name == "clause" else f"this {name}"
        metavar = "GLOB" if name == "clause" else name.upper()
        told = f"only {what} (repeatable; commas separate)"
        run.add_argument(f"--{name}", type=_values, action="extend", default=[], metavar=metavar, help=told)
    run.add_argument("--profile", choices=("quick", "ci", "deep"), help="how hard to look (default: ci)")
    run.add_argument("--seed", type=_seed, metavar="N", help="seed of shapes and masks (default: 0)")
    run.add_argument(
        "-n",
        dest="workers",
        type=_workers,
        metavar="WORKERS",
        help="processes: a number, or auto (a processor and 5 GB of memory each, at most 4)",
    )
    told = "where the results go (default: results.json)"
    run.add_argument("--results", type=Path, metavar="FILE", help=told)
    told = "add the counts of the statistical tests to those of earlier runs in FILE, and test their sum"
    run.add_argument("--accumulate", type=Path, metavar="FILE", help=f"{told}; each run needs another --seed")
    run.add_argument("--html", type=Path, metavar="FILE", help="write the report of the run there too")
    told = "seconds that one example may take (default: 60)"
    run.add_argument("--timeout", type=_positive, default=60.0, metavar="SECONDS", help=told)
    told = "gigabytes of memory that a framework may have (default: 8)"
    run.add_argument("--memory", type=_positive, default=8.0, metavar="GB", help=told)
    told = "keep what frameworks compile in FOLDER, for the next run"
    run.add_argument("--cache", type=Path, metavar="FOLDER", help=told)
    told = "go on with the run that left these results: the same questions, those that are not answered yet"
    run.add_argument("--resume", type=Path, metavar="RESULTS", help=told)

    commands.add_parser("list", help="clauses and backends, and why a backend is missing", allow_abbrev=False)
    explain = commands.add_parser("explain", help="what a clause says, and where that is from", allow_abbrev=False)
    explain.add_argument("clause", metavar="CLAUSE", help="the id of a clause, as 'conformance list' shows it")
    show = commands.add_parser("show", help="draw the table of a run that was made before", allow_abbrev=False)
    show.add_argument("results", type=Path, metavar="RESULTS", help="a results file")
    told = "the errors of activations in units in the last place instead"
    show.add_argument("--ulps", action="store_true", help=told)
    told = "the statistical tests instead: samples, share of the false-alarm probability, the smallest shift that shows"
    show.add_argument("--ledger", action="store_true", help=told)
    _add_qualify(commands)
    reports.add(commands)
    return top


def _add_qualify(commands: Any) -> None:
    qualify = commands.add_parser(
        "qualify", help="the test of the test: faults that it must catch, sound layers", allow_abbrev=False
    )
    told = "how hard to look at the faults (default: ci)"
    qualify.add_argument("--profile", choices=("quick", "ci", "deep"), default="ci", help=told)
    told = "how hard to look at the sound layers (default: quick)"
    qualify.add_argument("--zoo-profile", choices=("quick", "ci", "deep"), default="quick", help=told)
    qualify.add_argument("--seed", type=_seed, default=0, metavar="N", help="seed of shapes and masks (default: 0)")
    told = "processes: a number, or auto (a processor and a gigabyte each, at most 4; the default)"
    qualify.add_argument("-n", dest="workers", type=_workers, default="auto", metavar="WORKERS", help=told)
    told = "plant what this Python file registers, too (repeatable)"
    qualify.add_argument("--plant", type=Path, action="append", default=[], metavar="FILE", help=told)
    told = "only faults whose id matches GLOB, and the control (repeatable; commas separate)"
    qualify.add_argument("--fault", type=_values, action="extend", default=[], metavar="GLOB", help=told)
    told = "only clauses that match GLOB (repeatable; commas separate)"
    qualify.add_argument("--clause", type=_values, action="extend", default=[], metavar="GLOB", help=told)
    told = "only the first N faults of each category, and the control"
    qualify.add_argument("--sample", type=_count, metavar="N", help=told)
    told = "put each fault to the other clauses of its layer too: takes far longer"
    qualify.add_argument("--matrix", action="store_true", help=told)
    told = "where the figures go (default: qualification.json)"
    qualify.add_argument("--results", type=Path, default=Path("qualification.json"), metavar="FILE", help=told)
    told = "print the figures of a qualification that was made before"
    qualify.add_argument("--show", type=Path, metavar="FILE", help=told)


def _console() -> Console:
    """A terminal's own width; 80 columns elsewhere, unless COLUMNS says otherwise."""
    from rich.console import Console

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode is no reason to fail
    return Console(highlight=False)


def _run(options: argparse.Namespace, console: Console) -> int:
    from conformance import engine

    filters = {name: getattr(options, name) for name in FILTERS}
    if options.resume is None:
        profile, seed, path = options.profile or "ci", options.seed or 0, options.results or Path("results.json")
    else:
        filters, profile, seed, path = _resumed(options)
    how = {name: getattr(options, name) for name in ("timeout", "memory", "cache", "accumulate")}
    request = engine.Request(filters, profile, seed, path, options.workers, resume=options.resume is not None, **how)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        conforms = engine.run(request, console)
        if options.html is not None:
            reports.page_of(path, options.html)
        return {True: CONFORMS, False: FAILS, None: NOTHING}[conforms]
    except engine.UsageError as usage:
        error(str(usage))
        return USAGE
    except engine.NothingToRun:
        told = " ".join(f"--{name} {','.join(values)}" for name, values in filters.items() if values) or "no filter"
        error(f"nothing to run: no installed backend offers {told} together; see 'conformance list'")
        return NOTHING
    except engine.InternalError as defect:
        print(defect, file=sys.stderr)
        error("the suite itself failed, see above; please report it")
        return DEFECT


def _resumed(options: argparse.Namespace) -> tuple[dict[str, list[str]], str, int, Path]:
    """What the run was asked that is to go on."""
    from conformance import engine, results

    given = [*FILTERS, "profile", "seed", "results"]
    if any(getattr(options, name) not in (None, []) for name in given):
        raise engine.UsageError(
            "--resume goes on with what the run was asked: no filter, profile, seed, results besides"
        )
    run = results.load(options.resume).run
    if run.get("keyword") is not None:
        raise engine.UsageError(f"{options.resume} is of pytest -k {run['keyword']!r}, which cannot be resumed")
    asked = run.get("filters")
    if (
        not isinstance(asked, dict)
        or not all(isinstance(values, list) for values in asked.values())
        or run["profile"] not in ("quick", "ci", "deep")
    ):
        raise engine.UsageError(f"{options.resume} does not say what the run was asked")
    return (
        {name: [str(value) for value in asked.get(name, [])] for name in FILTERS},
        run["profile"],
        run["seed"],
        options.resume,
    )


#: The signal that ended the run, if it was not Ctrl-C.
_ended_by: list[int] = []


def _terminate(number: int, _: object) -> NoReturn:
    """The run ends as it does on Ctrl-C."""
    _ended_by.append(number)
    raise KeyboardInterrupt


def _list(options: argparse.Namespace, console: Console) -> int:
    from conformance.report import catalogue

    catalogue.overview(console)
    return CONFORMS


def _explain(options: argparse.Namespace, console: Console) -> int:
    from conformance.report import catalogue

    catalogue.explain(options.clause, console)
    return CONFORMS


def _show(options: argparse.Namespace, console: Console) -> int:
    from conformance.report import table
    from conformance.report.view import opened

    found = opened(options.results)
    if options.ulps:
        from conformance.report import ulps

        ulps.draw(found, console)
    elif options.ledger:
        from conformance.report import ledger

        ledger.draw(found, console)
    else:
        table.draw(found, console)
    return CONFORMS


def _qualify(options: argparse.Namespace, console: Console) -> int:
    from conformance.qualification import document
    from conformance.report import qualified

    if options.show is not None:
        return CONFORMS if qualified.draw(document.load(options.show), console) else FAILS
    from adapters.process import GIGABYTE
    from conformance import processes
    from conformance.qualification import qualify
    from conformance.report.progress import Counter

    request = qualify.Request(
        options.profile,
        options.zoo_profile,
        options.seed,
        processes.automatic(GIGABYTE) if options.workers == "auto" else int(options.workers),
        tuple(options.plant),
        options.matrix,
        options.sample,
        tuple(options.fault) or ("*",),
        tuple(options.clause) or ("*",),
    )
    document.writable(options.results)  # known before the work
    with Counter(console, "layers x clauses") as counter:
        found = qualify.qualify(request, counter.count)
    document.save(found, options.results)
    return CONFORMS if qualified.draw(document.load(options.results), console) else FAILS


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code. argparse leaves with SystemExit on --help, --version and usage errors."""
    options = parser().parse_args(arguments)
    command: Callable[[argparse.Namespace, Any], int]
    own = {"run": _run, "list": _list, "explain": _explain, "show": _show, "qualify": _qualify}
    command = {**own, **reports.HANDLERS}[options.command]
    try:
        return command(options, _console())
    except KeyboardInterrupt:
        error("interrupted; what was done until then is in the results file: 'conformance run --resume' does the rest")
        return TERMINATED if _ended_by else INTERRUPTED
    except ModuleNotFoundError as missing:
        error(f"{missing.name} is not installed: python -m pip install {missing.name}")
        return USAGE
    except BrokenPipeError:
        with contextlib.suppress(OSError):
            sys.stdout.close()
        return FAILS
    except Exception as known:
        if type(known).__module__.partition(".")[0] not in ("conformance",):
            raise
        error(str(known))
        return USAGE
