"""The README's example of a CI workflow, run as the shell script that it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tests.command import DOUBLED, ROOT
from tests.test_readme import blocks


def script() -> str:
    """The step of several lines."""
    workflow = next(block for block in blocks("yaml") if "conformance run" in block)
    lines = workflow.partition("- run: |\n")[2].splitlines()
    step = lines[: next(n for n, line in enumerate(lines) if "- uses:" in line)]
    return textwrap.dedent("\n".join(step))


def run(folder: Path, *, doubled: bool = False) -> tuple[int, str]:
    """The step's exit code and the summary that it leaves, with the control and one clause."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    asked = '[ "$1" = run ] && set -- "$@" --clause BN.train.output --dtype float32'
    (tools / "conformance").write_text(f'#!/bin/sh\n{asked}\nexec "{sys.executable}" -m conformance "$@"\n')
    (tools / "conformance").chmod(0o755)
    (tools / "sitecustomize.py").write_text(DOUBLED if doubled else "")
    summary = folder / "summary.md"
    summary.write_text("")
    variables: dict[str, Any] = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{tools}{os.pathsep}{ROOT}",
        "BACKEND": "numpy",
        "PROFILE": "quick",
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    done = subprocess.run(["bash", "-e", "-c", script()], cwd=folder, env=variables, capture_output=True, text=True,
                          timeout=300, check=False)  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, summary.read_text("utf-8")


def test_the_workflow(tmp_path: Path) -> None:
    code, summary = run(tmp_path)
    assert code == 0
    assert "Conformance: conforms" in summary
    assert "no change" not in summary  # there was nothing to compare with
    assert ElementTree.parse(tmp_path / "junit.xml").getroot().tag == "testsuites"
    assert (tmp_path / "report.html").stat().st_size > 10_000

    (tmp_path / "baseline").mkdir()
    (tmp_path / "results.json").rename(tmp_path / "baseline" / "results.json")
    code, summary = run(tmp_path, doubled=True)
    assert code == 1
    assert "does not conform" in summary
    assert "worse: 1 of 1 changes" in summary
    assert json.loads((tmp_path / "results.json").read_text("utf-8"))["results"][0]["verdict"] == "fail"
