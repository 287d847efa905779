"""``conformance run``: pytest in this process, on the suite, with nothing of the user's pytest configuration."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import conformance.suite
from conformance import caches, plugin, processes, profiles
from conformance.clauses import CLAUSES
from conformance.report import table
from conformance.report.progress import Meter
from conformance.session import Session


class UsageError(Exception):
    """What was asked cannot be done; one line that says what to do."""


class NothingToRun(Exception):  # noqa: N818 - it is no error of anybody
    """The filters exclude each other."""


class InternalError(Exception):
    """A defect of the suite itself; the message is the traceback."""


@dataclass
class Request:
    """What ``conformance run`` was asked."""

    filters: dict[str, list[str]]
    profile: str
    seed: int
    results: Path
    workers: str | None = None
    accumulate: Path | None = None
    timeout: float = 60.0
    memory: float = 8.0
    resume: bool = False
    cache: Path | None = None

    def arguments(self) -> list[str]:
        """pytest's command line: our plugin, the suite, no configuration file, no cache, no other reporter."""
        suite = Path(conformance.suite.__file__).parent
        arguments = [str(suite), f"--rootdir={suite}", f"--confcutdir={suite}", "-c", os.devnull, "--noconftest"]
        for name in ("no:terminal", "no:cacheprovider", "conformance.plugin"):
            arguments += ["-p", name]
        if self.workers is not None:
            workers = str(processes.automatic()) if self.workers == "auto" else self.workers
            arguments += ["-p", "xdist.plugin", "-n", workers, "--dist", "loadgroup"]
        arguments += [f"--conformance-{axis}={value}" for axis, values in self.filters.items() for value in values]
        arguments += [f"--conformance-profile={self.profile}", f"--conformance-seed={self.seed}"]
        arguments += [f"--conformance-accumulate={self.accumulate}"] if self.accumulate else []
        arguments += ["--isolate", f"--conformance-timeout={self.timeout}", f"--conformance-memory={self.memory}"]
        arguments += ["--conformance-resume"] if self.resume else []
        arguments += [f"--conformance-cache={self.cache}"] if self.cache is not None else []
        return [*arguments, f"--conformance-results={self.results}"]


@dataclass(eq=False)
class Watch:
    """pytest's hooks, as far as the command line needs them; it lives where the reports arrive."""

    meter: Meter
    session: Session | None = None
    interrupted: bool = False
    usage: str | None = None
    #: What went wrong without a row of the results, e.g. a worker that was killed; its question is put again.
    strays: list[str] = field(default_factory=list)
    broken: str | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_cmdline_main(self) -> Generator[None, Any, Any]:
        """Keep the text of a usage error, which pytest would print in its own way."""
        try:
            return (yield)
        except pytest.UsageError as error:
            self.usage = str(error)
            return pytest.ExitCode.USAGE_ERROR

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        row = getattr(report, "conformance", None)
        if row is not None:
            self.meter.advance(row)
            if report.nodeid in self.strays:  # its worker was killed, and another one asked again
                self.strays.remove(report.nodeid)
        elif report.when not in ("setup", "call", "teardown"):  # of pytest-xdist: the worker is gone
            self.strays.append(report.nodeid)
        elif report.failed:
            self.strays.append(report.nodeid)
            self.meter.failure(report.nodeid, str(report.longrepr))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.broken = str(report.longrepr)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        self.interrupted = excinfo.errisinstance(KeyboardInterrupt)

    def pytest_internalerror(self, excrepr: object) -> bool:
        self.broken = str(excrepr)
        return True  # told; pytest need not print it


#: What the counts of a run are about, for who has never seen one.
_ASKED = "{} clauses x subjects to ask: a clause is one testable sentence, a subject one way into a framework"


@dataclass(eq=False)
class Gate:
    """Looks at what would be run before pytest starts, and before the old results are overwritten."""

    watch: Watch
    profile: str
    empty: bool = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> int | None:
        profiles.choose(self.profile)
        session = self.watch.session = plugin.session(config)
        total = sum(len(session.examinations(clause)) for clause in CLAUSES)
        self.watch.meter.open([*session.header(), *([_ASKED.format(total)] if total else [])])
        self.watch.meter.expect(total)
        self.empty = total == 0 and not session.done
        if total == 0 and session.done:  # the run had ended, or nearly
            session.finish(complete=True)
        return pytest.ExitCode.NO_TESTS_COLLECTED if total == 0 else None


def run(request: Request, output: Console) -> bool | None:
    """Run and report; returns whether everything conforms, None where no subject could be asked.

    Raises UsageError, NothingToRun, InternalError, and KeyboardInterrupt after the table of what was done before it.
    """
    if request.workers is not None and find_spec("xdist") is None:
        raise UsageError("-n needs pytest-xdist: python -m pip install pytest-xdist")
    # A folder that the user names is for the workers too.
    kept = caches.shared() if request.cache is None else contextlib.nullcontext()
    with _own(output) as console, _undisturbed(), kept:
        with Meter(console) as meter:
            watch = Watch(meter)
            gate = Gate(watch, request.profile)
            code = pytest.main(request.arguments(), plugins=[watch, gate])
        if gate.empty:
            raise NothingToRun
        if watch.usage is not None:
            raise UsageError(watch.usage)
        found = watch.session
        if watch.broken is not None or found is None:
            raise InternalError(watch.broken or f"pytest ended with {code!r}")
        also = [f"{len(watch.strays)} ended without an answer"] if watch.strays else []
        conforms = table.draw(found.results, console, also)
    if found.unwritten is not None:
        raise UsageError(found.unwritten)
    if watch.interrupted:
        raise KeyboardInterrupt
    return conforms


@contextlib.contextmanager
def _own(output: Console) -> Iterator[Console]:
    """A console on a copy of standard output: pytest captures the original while a test runs."""
    try:
        descriptor = os.dup(sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        yield output
        return
    with os.fdopen(descriptor, "w", encoding=sys.stdout.encoding, errors="backslashreplace") as file:
        yield Console(file=file, width=output.width if not output.is_terminal else None, highlight=False)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Without the options and plugins that the environment holds for the user's own tests."""
    before = dict(os.environ)
    os.environ.pop("PYTEST_ADDOPTS", None)
    os.environ.pop("PYTEST_PLUGINS", None)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
            os.environ.pop(name, None)
            if name in before:
                os.environ[name] = before[name]
