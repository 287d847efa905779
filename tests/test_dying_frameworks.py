"""Batch normalizations of the installed frameworks that end the process: met, reported, shrunk, reproduced.

The records that excuse them are put aside, so that a run meets them as it would meet a death that nobody knows.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from signal import Signals
from typing import Any

import pytest

from tests.command import ROOT, conformance

#: A start-up module that leaves out what records say of deaths.
UNRECORDED = """
from dataclasses import replace
from conformance import deviations
load = deviations.load
def unrecorded(backend, folder=None):
    known = load(backend, folder)
    return tuple(
        replace(each, severity="validation", outputs=tuple(name for name in each.outputs if name != "crash"))
        for each in known
    )
deviations.load = unrecorded
"""
TORCH = ["--backend", "torch", "--api", "torch.native"]
TENSORFLOW = ["--backend", "tensorflow", "--api", "tf.nn.conv_fused"]
#: What is asked -> the signal, and something that the shrunk case says.
DYING = {
    "torch empty batch": (TORCH, "BN.empty", "SIGFPE", "x=np.empty((0, 2), 'float32')"),
    "tensorflow empty mean": (TENSORFLOW, "BN.bad-input", "SIGSEGV", "running_mean=np.array([], 'float32')"),
}


@pytest.mark.parametrize("name", DYING)
def test_a_framework_that_dies(name: str, tmp_path: Path) -> None:
    asked, clause, signal, told = DYING[name]
    if importlib.util.find_spec(asked[1]) is None:
        pytest.skip(f"{asked[1]} is not installed")
    run = ["run", *asked, "--clause", f"{clause},BN.train.output", "--dtype", "float32", "--profile", "quick"]
    done = conformance(*run, cwd=tmp_path, startup=UNRECORDED)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{clause:20} CRASH 1/1" in done.stdout
    rows: dict[str, Any] = {
        row["clause"]: row for row in json.loads((tmp_path / "results.json").read_text("utf-8"))["results"]
    }
    assert rows["BN.train.output"]["verdict"] in ("pass", "deviation", "unsupported")
    assert rows[clause]["verdict"] == "crash"
    found = rows[clause]["counterexample"]
    assert found["signal"] == signal
    assert told in found["case"]
    script = tmp_path / "reproducer.py"
    script.write_text(found["script"])
    again = subprocess.run([sys.executable, script], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True)
    assert again.returncode < 0
    assert signal == Signals(-again.returncode).name
