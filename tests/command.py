"""Runs the suite's commands in a process of their own, as a user does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from conformance import backends, plan
from conformance.clauses import CLAUSES

ROOT = Path(__file__).resolve().parent.parent
#: One fast clause and the control.
FAST = ["--backend", "numpy", "--clause", "BN.train.output", "--profile", "quick"]
PLUGIN_FAST = ["--conformance-clause=BN.train.output", "--conformance-profile=quick"]

#: A start-up module that makes frameworks look absent.
WITHOUT = """
import importlib.util
find = importlib.util.find_spec
def find_spec(name, package=None):
    return None if name.partition(".")[0] in {names!r} else find(name, package)
importlib.util.find_spec = find_spec
"""
#: A start-up module that reads the recorded deviations from another folder.
RECORDS = """
from pathlib import Path
from conformance import deviations
deviations.FOLDER = Path({folder!r})
"""
#: A start-up module whose control answers batch normalization {change}.
CHANGED = """
from dataclasses import replace
from adapters.numpy import NumPy
ask = NumPy.ask
asked = []
def changed(self, subject, case):
    asked.append(case)
    outcome = ask(self, subject, case)
    {change}
    return outcome
NumPy.ask = changed
"""
_DOUBLE = 'outcome = replace(outcome, arrays={**outcome.arrays, "y": 2 * outcome.arrays["y"]})'
DOUBLED = CHANGED.replace("{change}", _DOUBLE)


def asked(clauses: str, backend: str = "numpy") -> int:
    """How many subjects (times activations) a run puts the clauses that match one of the globs to."""
    globs = clauses.split(",")
    chosen = [clause for name, clause in CLAUSES.items() if any(fnmatchcase(name, glob) for glob in globs)]
    return sum(1 for clause in chosen for _ in plan.entries(clause, [backends.adapter(backend)]))


def python(
    *arguments: str | Path, cwd: Path, startup: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Python with the repository on its path. ``startup``: code that runs first, in workers too."""
    path = [str(ROOT)]
    if startup:
        folder = cwd / "startup"
        folder.mkdir(exist_ok=True)
        (folder / "sitecustomize.py").write_text(startup)
        path.insert(0, str(folder))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHONPATH"))}
    variables = {**inherited, "PYTHONPATH": os.pathsep.join(path), "COLUMNS": "80", **(environment or {})}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, timeout=120, check=False)


def conformance(*arguments: str | Path, cwd: Path, startup: str = "") -> subprocess.CompletedProcess[str]:
    return python("-m", "conformance", *arguments, cwd=cwd, startup=startup)


def refused(done: subprocess.CompletedProcess[str], code: int = 2) -> str:
    """The one line with which a command was refused."""
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("conformance: error: ")
    return lines[0]


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a results file without what differs from run to run."""
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["results"]
    return [{key: value for key, value in row.items() if not key.startswith("seconds")} for row in found]


def record(**changes: str) -> str:
    """A deviation record as TOML; ``changes``: key -> TOML text in place of the usual, empty to leave the key out."""
    usual = {
        "id": '"doubled"',
        "clauses": '["BN.train.output"]',
        "versions": '"numpy>=1"',
        "kind": '"defect"',
        "severity": '"wrong-result"',
        "reason": '"Every output comes twice. Nobody knows why."',
        "source": '"https://example.org/1"',
    }
    return "[[deviation]]\n" + "".join(f"{key} = {text}\n" for key, text in {**usual, **changes}.items() if text)
