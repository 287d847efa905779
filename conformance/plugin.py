"""The pytest plugin: subjects as parameters, ``-k backend=torch``, verdicts, the record of the run.

Loaded by ``conftest.py`` in a checkout and by entry point after an install. It does nothing to a session without
clauses: whatever is heavy is imported when a clause is met.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conformance.session import Session

#: Our options, without their prefix; each takes several values.
FILTERS = ("backend", "api", "mode", "device", "dtype", "clause")
PROFILES = ("quick", "ci", "deep")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "conformance of deep-learning frameworks")
    for name in FILTERS:
        what = "clauses that match the glob" if name == "clause" else f"this {name}"
        group.addoption(
            f"--conformance-{name}", action="append", default=[], metavar=name.upper(), help=f"only {what} (repeatable)"
        )
    group.addoption("--conformance-profile", choices=PROFILES, default=None, help="how hard to look (default: ci)")
    group.addoption("--conformance-seed", type=int, default=0, metavar="N", help="seed of shapes and masks")
    told = "ask each framework in a process of its own: one that dies or hangs ends nothing else"
    group.addoption("--isolate", action="store_true", default=False, help=told)
    told = "seconds that one example may take, isolated (default: %(default)s)"
    group.addoption("--conformance-timeout", type=float, default=60.0, metavar="SECONDS", help=told)
    told = "gigabytes of memory that a framework may have, isolated (default: %(default)s)"
    group.addoption("--conformance-memory", type=float, default=8.0, metavar="GB", help=told)
    told = "keep what frameworks compile in FOLDER, for the next run"
    group.addoption("--conformance-cache", metavar="FOLDER", default=None, help=told)
    told = "write results.json to FILE as the run goes"
    group.addoption("--conformance-results", metavar="FILE", default=None, help=told)
    told = "add the counts of the statistical tests to those of earlier runs in FILE, and test their sum"
    group.addoption("--conformance-accumulate", metavar="FILE", default=None, help=told)
    told = "go on with the run whose results the file holds"
    group.addoption("--conformance-resume", action="store_true", default=False, help=told)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "clause(id): the clause of the specification that a test states")
    from conformance.keyword import terms

    if config.getoption("conformance_cache"):
        from conformance import caches

        caches.use(Path(config.getoption("conformance_cache")))
    profile = _profile(config)
    if profile is not None:
        from conformance import profiles

        profiles.choose(profile)
    if terms(config.option.keyword or "") or any(config.getoption(f"conformance_{name}") for name in FILTERS):
        session(config)  # refuses what does not exist before anything is collected
    if hasattr(config, "workerinput"):
        return
    config.pluginmanager.register(_Recorder(config), "conformance-recorder")
    if config.getoption("conformance_results"):
        session(config).open_results(Path(config.getoption("conformance_results")))
    if config.getoption("conformance_accumulate"):
        session(config).open_evidence(Path(config.getoption("conformance_accumulate")))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker what is done already; one that takes another's place later is told the same."""
    run = node.config.stash.get(_SESSION, None)
    node.workerinput["conformance_done"] = [] if run is None else list(run.done)


def _profile(config: pytest.Config) -> str | None:
    """--conformance-profile, or --hypothesis-profile where it names one of ours."""
    named = config.getoption("conformance_profile") or config.getoption("hypothesis_profile", None)
    return named if named in PROFILES else None


_SESSION = pytest.StashKey["Session"]()


def session(config: pytest.Config) -> Session:
    """What this run asks and finds; made when the first clause is met."""
    if _SESSION not in config.stash:
        from conformance.session import Session

        config.stash[_SESSION] = made = Session.of(config)
        if hasattr(config, "workerinput"):
            made.done = frozenset(config.workerinput["conformance_done"])
        elif config.getoption("conformance_resume"):
            _resume(config, made)
    return config.stash[_SESSION]


def _resume(config: pytest.Config, made: Session) -> None:
    from conformance.results import ResultsError

    if not config.getoption("conformance_results"):
        raise pytest.UsageError("--conformance-resume needs --conformance-results=FILE: the results to go on with")
    try:
        made.resume(Path(config.getoption("conformance_results")))
    except ResultsError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    mark = metafunc.definition.get_closest_marker("clause")
    if mark is None or "exam" not in metafunc.fixturenames:
        return
    chosen = session(metafunc.config).examinations(mark.args[0])
    metafunc.parametrize("exam", chosen, ids=[exam.id for exam in chosen])


def _exam(item: pytest.Item) -> Any:
    mark = item.get_closest_marker("clause")
    exam = item.callspec.params.get("exam") if mark is not None and hasattr(item, "callspec") else None
    return exam if hasattr(exam, "clause") else None  # a clause that no subject is asked has pytest's NOTSET


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the placeholders that pytest makes for a clause that no subject is asked."""
    empty = [item for item in items if "exam" in getattr(item, "fixturenames", ()) and _exam(item) is None]
    if empty:
        config.hook.pytest_deselected(items=empty)
        items[:] = [item for item in items if item not in empty]
    if config.getoption("isolate"):
        items.sort(key=_turn)  # one framework after another: no more of them wait in memory than are asked


def _turn(item: pytest.Item) -> tuple[bool, str]:
    """What stays in one worker starts first."""
    exam = _exam(item)
    return (not exam.adapter.environment, exam.subject.backend) if exam is not None else (True, "")


def pytest_itemcollected(item: pytest.Item) -> None:
    exam = _exam(item)
    if exam is not None:
        from conformance.keyword import identifiers

        item.extra_keyword_matches |= identifiers(exam.axes() | {"clause": exam.clause.id})
        if item.config.pluginmanager.hasplugin("xdist"):
            item.add_marker(pytest.mark.xdist_group(_group(exam)))


def _group(exam: Any) -> str:
    """What runs in the same worker, with --dist loadgroup: what compiles the same shapes or asks the same process."""
    subject = exam.subject
    if exam.adapter.environment:
        return str(subject.backend)
    about = exam.activation or exam.clause.id.partition(".")[0]
    return f"{subject.backend}-{subject.mode}-{subject.dtype}-{about}"


def pytest_collection_finish(session: pytest.Session) -> None:
    run = session.config.stash.get(_SESSION, None)
    if run is not None and session.items:
        run.take_part(exam for item in session.items if (exam := _exam(item)) is not None)
    elif run is not None:
        run.explain_emptiness()


def pytest_runtest_setup(item: pytest.Item) -> None:
    exam = _exam(item)
    if exam is not None:
        session(item.config).prepare(exam)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    exam = _exam(item)
    if exam is None or not (call.when == "call" or (call.when == "setup" and not report.passed)):
        return report
    row = session(item.config).row(exam, call.excinfo.value if call.excinfo else None, call.duration)
    report.conformance = row  # type: ignore[attr-defined]
    place = (str(item.path), item.location[1] or 0)
    match row["verdict"]:
        case "deviation":
            report.outcome = "skipped"
            report.wasxfail = "recorded deviation: " + ", ".join(row["deviations"])
        case "unsupported" | "undecided":
            report.outcome = "skipped"
            report.longrepr = (*place, f"Skipped: {row['verdict']}: {row['message']}")
        case "fail" | "crash" | "timeout" if row["counterexample"] is not None:
            report.longrepr = row["message"]  # the finding speaks for itself; a traceback through our code does not
    return report


class _Recorder:
    """Keeps the rows where the reports arrive: in the only process, or in xdist's controller."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        row = getattr(report, "conformance", None)
        if row is not None:
            from conformance.results import ResultsError

            try:
                session(self.config).add(row)
            except ResultsError as error:  # there is no point in going on: nobody would see what comes of it
                pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    run = session.config.stash.get(_SESSION, None)
    if run is None or hasattr(session.config, "workerinput"):
        return
    ended = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    if run.finish(complete=ended and not (session.shouldfail or session.shouldstop)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    rows = run.results.rows
    if rows and exitstatus == pytest.ExitCode.OK and all(row["verdict"] == "unsupported" for row in rows):
        session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED  # nothing was answered: that is no success
    if run.unwritten is not None:
        session.exitstatus = pytest.ExitCode.USAGE_ERROR


def pytest_report_header(config: pytest.Config) -> Iterable[str]:
    run = config.stash.get(_SESSION, None)
    return run.header() if run is not None else ()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    run = config.stash.get(_SESSION, None)
    if run is not None and run.results.rows:
        terminalreporter.section("conformance")
        for line in run.summary():
            terminalreporter.write_line(line)
