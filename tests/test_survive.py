"""Whatever ends a run, its results hold what was finished, and ``--resume`` does the rest and no more."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from tests.command import CHANGED, ROOT, asked, conformance, python, refused, rows

ASKED = ["--backend", "numpy", "--clause", "NE.output,NE.shape,BN.train.output,ACT.range", "--profile", "quick"]
COUNT = asked(ASKED[3])
#: A start-up module that sends its process a signal when so many rows are kept; once, as a flag in the folder says.
SIGNALLED = """
import os, signal
from pathlib import Path
from conformance.session import Session
signal.signal(signal.SIGINT, signal.default_int_handler)  # where the tests run in the background it is ignored
add = Session.add
def counted(self, row):
    add(self, row)
    if len(self.results.rows) == {count} and not Path("signalled").exists():
        Path("signalled").touch()
        os.kill(os.getpid(), {number})
Session.add = counted
"""
#: A start-up module whose first worker to ask the control is killed.
KILLED_WORKER = """
import os, signal
from adapters.numpy import NumPy
ask = NumPy.ask
def killed(self, subject, case):
    try:
        os.close(os.open("killed", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return ask(self, subject, case)
    os.kill(os.getpid(), signal.SIGKILL)
NumPy.ask = killed
"""
#: A start-up module that notes which clauses a process was asked.
NOTED = """
from conformance.session import Session
row = Session.row
def noted(self, exam, error, seconds):
    with open("asked", "a") as file:
        file.write(f"{exam!r}\\n")
    return row(self, exam, error, seconds)
Session.row = noted
"""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("undisturbed")
    assert conformance("run", *ASKED, cwd=folder).returncode == 0
    return timeless(folder / "results.json")


def timeless(path: Path) -> dict[str, Any]:
    """A results file without what differs between two runs that went the same way."""
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    for name in ("started", "finished", "seconds"):
        assert document["run"].pop(name)
    return document | {"results": rows(path)}


def left_behind(folder: Path) -> list[str]:
    """Processes that work in the folder, after they had time to end."""
    found: list[str] = []
    for _ in range(100):
        found = []
        for each in Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(each / "cwd") == str(folder):
                    found.append((each / "cmdline").read_text().replace("\0", " "))
            except OSError:  # not ours, or gone
                continue
        if not found:
            break
        time.sleep(0.1)
    return found


@pytest.mark.parametrize(
    ("number", "code", "workers"),
    [
        (signal.SIGKILL, -signal.SIGKILL, ()),
        (signal.SIGKILL, -signal.SIGKILL, ("-n", "2")),
        (signal.SIGTERM, 143, ()),
        (signal.SIGINT, 130, ("-n", "2")),
    ],
    ids=["SIGKILL", "SIGKILL with workers", "SIGTERM", "SIGINT with workers"],
)
def test_a_run_that_was_ended_goes_on(
    number: int, code: int, workers: tuple[str, ...], tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    startup = SIGNALLED.format(count=5, number=int(number))
    done = conformance("run", *ASKED, *workers, cwd=tmp_path, startup=startup)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    document = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert document["run"]["complete"] is False
    assert not left_behind(tmp_path)
    beside = tmp_path / ".results.json.rows"
    kept = len(beside.read_text().splitlines()) if number == signal.SIGKILL else len(document["results"])
    assert kept >= 5

    again = conformance("run", "--resume", "results.json", cwd=tmp_path, startup=NOTED)
    assert again.returncode == 0, again.stdout + again.stderr
    assert len((tmp_path / "asked").read_text().splitlines()) == COUNT - kept
    assert timeless(tmp_path / "results.json") == undisturbed
    assert not list(tmp_path.glob(".*"))


def test_a_run_that_is_complete_is_shown(tmp_path: Path) -> None:
    run = ["--backend", "numpy", "--clause", "NE.shape", "--profile", "quick"]
    assert conformance("run", *run, cwd=tmp_path).returncode == 0
    before = timeless(tmp_path / "results.json")
    done = conformance("run", "--resume", "results.json", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "conforms"
    assert timeless(tmp_path / "results.json") == before


#: A start-up module with the backend of tests/adapters/chaos.py, whose deadly cases are shrunk for a second.
CHAOS = """
from conformance import backends, deaths
from tests.adapters import chaos
adapter = backends.adapter
backends.BUILTIN += ("chaos",)
backends.adapter = lambda name: chaos.ADAPTER if name == "chaos" else adapter(name)
deaths.Deaths.budget = 1.0
"""


def chaotic(does: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command with the backend ``chaos``, which does that before every answer."""
    (cwd / "startup").mkdir()
    (cwd / "startup" / "sitecustomize.py").write_text(CHAOS)
    variables = {"CHAOS": does, "PYTHONPATH": os.pathsep.join([str(cwd / "startup"), str(ROOT)])}
    return python("-m", "conformance", *arguments, cwd=cwd, environment=variables)


def test_what_a_framework_forks_ends_with_the_run(tmp_path: Path) -> None:
    run = ["run", "--backend", "chaos", "--clause", "ACT.value", "--profile", "quick", "-n", "2"]
    done = chaotic("fork_and_leave_it", *run, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not left_behind(tmp_path)


@pytest.mark.parametrize(
    ("does", "verdict", "told"),
    [
        ("hang_in_c", "timeout", "no answer in 1.5 s"),
        ("allocate", "crash", "out of memory, of which it may have 1 GB"),
        ("abort", "crash", "the process died: SIGABRT; terminate called without an active exception"),
    ],
)
def test_a_framework_that_ends_or_hangs_has_its_verdict(does: str, verdict: str, told: str, tmp_path: Path) -> None:
    run = ["run", "--backend", "chaos", "--clause", "ACT.value,ACT.range", "--profile", "quick"]
    done = chaotic(does, *run, "--timeout", "1.5", "--memory", "1", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{verdict.upper()} 1/1" in done.stdout
    document = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert document["run"]["complete"] is True
    assert {row["clause"]: row["verdict"] for row in document["results"]} == {
        "ACT.value": verdict,
        "ACT.range": verdict,
    }
    for row in document["results"]:
        assert told in row["message"]
        assert row["counterexample"]["script"].startswith("# backend=chaos api=control")
    assert not left_behind(tmp_path)


def test_in_one_process_too_the_last_case_is_on_disk(tmp_path: Path) -> None:
    change = "os.kill(os.getpid(), 9)"
    startup = "import os\n" + CHANGED.replace("{change}", change)
    run = ["-m", "pytest", "-p", "conformance.plugin", "--pyargs", "conformance.suite", "--conformance-results=r.json"]
    done = python(*run, "-k", "backend=numpy and clause=NE.shape", cwd=tmp_path, startup=startup)
    assert done.returncode == -signal.SIGKILL
    (file,) = (tmp_path / ".r.json.flights").iterdir()
    shown = python("-m", "adapters.flight", file, cwd=tmp_path)
    assert "backend=numpy api=control" in shown.stdout
    assert "Dense(" in shown.stdout


def test_a_worker_that_is_killed_is_replaced(tmp_path: Path, undisturbed: dict[str, Any]) -> None:
    done = conformance("run", *ASKED, "-n", "2", cwd=tmp_path, startup=KILLED_WORKER)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "killed").exists()
    assert done.stdout.splitlines()[-1] == "conforms"
    assert timeless(tmp_path / "results.json") == undisturbed
    assert not left_behind(tmp_path)


def test_a_full_disk_ends_the_run_and_loses_nothing(tmp_path: Path, undisturbed: dict[str, Any]) -> None:
    startup = """
import os
write, journal = os.write, []
def full(file, content):
    if content.startswith(b'{"clause"'):
        journal.append(content)
        if len(journal) == 4:
            raise OSError(28, "No space left on device")
    return write(file, content)
os.write = full
"""
    done = conformance("run", *ASKED, cwd=tmp_path, startup=startup)
    assert "cannot write results to results.json: No space left on device" in refused(done)
    assert conformance("run", "--resume", "results.json", cwd=tmp_path).returncode == 0
    assert timeless(tmp_path / "results.json") == undisturbed


def test_what_cannot_be_resumed(tmp_path: Path) -> None:
    assert "--resume goes on with what" in refused(conformance("run", "--resume", "r", "--seed", "1", cwd=tmp_path))
    assert "cannot read nowhere.json" in refused(conformance("run", "--resume", "nowhere.json", cwd=tmp_path))
    run = ["--backend", "numpy", "--clause", "NE.shape", "--profile", "quick"]
    assert conformance("run", *run, cwd=tmp_path).returncode == 0
    path = tmp_path / "results.json"
    content = path.read_text("utf-8")
    document = json.loads(content)
    document["run"]["environment"]["versions"]["numpy"] = "1.0"
    path.write_text(json.dumps(document))
    told = refused(conformance("run", "--resume", "results.json", cwd=tmp_path))
    assert "results.json: the run cannot go on here: its environment was {" in told
    document["run"] = {**json.loads(content)["run"], "keyword": "backend=numpy"}
    path.write_text(json.dumps(document))
    assert "pytest -k 'backend=numpy'" in refused(conformance("run", "--resume", "results.json", cwd=tmp_path))


def test_a_second_run_keeps_away_from_the_same_results(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text("of the first run")
    with (tmp_path / ".results.json.rows").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        told = refused(conformance("run", *ASKED, cwd=tmp_path))
    assert "another run is writing results.json; name another file with --results" in told
    assert path.read_text() == "of the first run"


def test_a_poor_environment(tmp_path: Path) -> None:
    """No home, no UTF-8, no temporary folder; names with spaces and accents."""
    folder = tmp_path / "a name with spaces, é and %"
    folder.mkdir()
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "HOME": "", "TMPDIR": "/nowhere"}
    run = ["run", "--backend", "numpy", "--clause", "NE.shape", "--profile", "quick", "--results", "räsults 1.json"]
    done = python("-m", "conformance", *run, cwd=folder, environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [each.name for each in folder.iterdir()] == ["räsults 1.json"]


@pytest.mark.skipif(os.getuid() == 0 and which("setpriv") is None, reason="root can write everywhere")
def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    tmp_path.chmod(0o555)
    unprivileged = ["setpriv", "--bounding-set=-dac_override"] if os.getuid() == 0 else []
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = [*unprivileged, sys.executable, "-m", "conformance", "run", "--backend", "numpy", "--clause", "NE.shape"]

    def results(path: str) -> subprocess.CompletedProcess[str]:
        command = [*run, "--profile", "quick", "--results", path]
        return subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)

    assert "cannot write results to r.json: Permission denied; name another file" in refused(results("r.json"))
    assert results("there/r.json").returncode == 0
    tmp_path.chmod(0o755)
    assert [each.name for each in tmp_path.iterdir()] == ["there"]
