"""The pytest plugin: every way of starting it, what it imports, what it records, what it refuses."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from conformance import backends
from tests.command import CHANGED, DOUBLED, PLUGIN_FAST, RECORDS, ROOT, WITHOUT, asked, python, record, rows

#: A plugin that writes down, at the end of the session, which frameworks its process has imported.
SPY = """
import pathlib, sys
def pytest_sessionfinish(session):
    frameworks = {"torch", "tensorflow", "keras", "jax", "flax"} & set(sys.modules)
    pathlib.Path(__file__).with_name("imported").write_text(" ".join(sorted(frameworks)))
"""
INSTALLED = [name for name in ("numpy", "torch") if backends.adapter(name).missing() is None]


def run(*arguments: str | Path, cwd: Path, startup: str = "") -> subprocess.CompletedProcess[str]:
    """pytest on the suite, from a folder that is none of ours."""
    pyargs = ("-p", "no:cacheprovider", "--pyargs", "conformance.suite", "-p", "conformance.plugin")
    return python("-m", "pytest", *pyargs, *PLUGIN_FAST, *arguments, cwd=cwd, startup=startup)


@pytest.mark.parametrize("backend", INSTALLED)
def test_in_a_plain_checkout_only_the_backend_that_is_asked_is_imported(backend: str, tmp_path: Path) -> None:
    (tmp_path / "spy.py").write_text(SPY)
    here = f"--override-ini=pythonpath={tmp_path}"
    results = tmp_path / "results.json"
    arguments = (*PLUGIN_FAST, f"--conformance-results={results}", "-k", f"backend={backend}", here, "-p", "spy")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.path.insert(0, ''); import pytest; "
    done = python("-c", f"{code}sys.exit(pytest.main(sys.argv[1:]))", "-p", "no:cacheprovider", *arguments, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {row["subject"]["backend"] for row in rows(results)} == {backend}
    assert (tmp_path / "imported").read_text() == ("" if backend == "numpy" else backend)


def test_from_another_folder(tmp_path: Path) -> None:
    done = run("-k", "backend=numpy and dtype=float32", "--conformance-results=found.json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "1 clause x subject: 1 pass" in done.stdout
    assert [row["subject"]["dtype"] for row in rows(tmp_path / "found.json")] == ["float32"]
    run_ = json.loads((tmp_path / "found.json").read_text("utf-8"))["run"]
    assert run_["complete"] is True
    assert run_["keyword"] == "backend=numpy and dtype=float32"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["found.json"]


def test_a_pasted_id_selects_its_test(tmp_path: Path) -> None:
    listed = run("--collect-only", "-q", "-k", "backend=numpy", cwd=tmp_path).stdout
    (chosen,) = [line for line in listed.splitlines() if "dtype=float64" in line]
    again = run("--collect-only", "-q", "-k", chosen.rpartition("/")[2], cwd=tmp_path).stdout
    assert [line for line in again.splitlines() if "backend=" in line] == [chosen]


def test_workers_give_the_same_rows(tmp_path: Path) -> None:
    for name, workers in (("one", ()), ("two", ("-n", "2"))):
        results = f"--conformance-results={name}.json"
        done = run("-k", "backend=numpy", "--conformance-clause=NE.*", results, *workers, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    assert len(rows(tmp_path / "one.json")) == asked("NE.*,BN.train.output")
    assert rows(tmp_path / "one.json") == rows(tmp_path / "two.json")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("-k", "backend=thorch"),
            "-k backend=thorch: unknown backend 'thorch'; known: jax, keras-jax, keras-torch, numpy, ",
        ),
        (("-k", "framework=torch"), "unknown axis 'framework'; known: backend, api"),
        (("--conformance-backend=thorch",), "unknown backend 'thorch'; known: jax"),
        (("--conformance-clause=ZZ",), "'ZZ' matches no clause"),
        (("-k", "backend=numpy", "--conformance-results=nowhere/r.json"), "cannot write results to nowhere/r.json"),
        (("-k", "backend=jax"), "backend jax: jax not installed: python -m pip install jax"),
        (("--conformance-backend=jax",), "backend jax: jax not installed: python -m pip install jax"),
    ],
)
def test_refused(arguments: tuple[str, ...], told: str, tmp_path: Path) -> None:
    done = run(*arguments, cwd=tmp_path, startup=WITHOUT.format(names={"jax"}))
    assert done.returncode == pytest.ExitCode.USAGE_ERROR, done.stdout
    (line,) = [line for line in done.stderr.splitlines() if line]
    assert line.startswith("ERROR: ")
    assert told in line


def test_an_answer_outside_the_bound_fails(tmp_path: Path) -> None:
    done = run("-k", "backend=numpy", "--conformance-results=found.json", cwd=tmp_path, startup=DOUBLED)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    for row in rows(tmp_path / "found.json"):
        assert row["verdict"] == "fail"
        assert row["grade"] == "none"
        assert row["counterexample"]["output"] == "y"
        assert row["counterexample"]["ratio"] > 1
        assert row["message"].startswith("BN.train.output: ")
        assert row["message"] in done.stdout
    assert "Traceback" not in done.stdout


def test_a_recorded_deviation_is_expected(tmp_path: Path) -> None:
    (tmp_path / "numpy.toml").write_text(record())
    startup = DOUBLED + RECORDS.format(folder=str(tmp_path))
    done = run("-k", "backend=numpy", "-rx", "--conformance-results=found.json", cwd=tmp_path, startup=startup)
    assert done.returncode == 0, done.stdout
    assert f"{asked('BN.train.output')} xfailed" in done.stdout
    assert "recorded deviation: doubled" in done.stdout
    assert f"deviation doubled (defect, wrong-result): met in {asked('BN.train.output')}" in done.stdout
    assert [row["verdict"] for row in rows(tmp_path / "found.json")] == ["deviation"] * asked("BN.train.output")
    assert all(row["deviations"]["doubled"]["ratio"] > 1 for row in rows(tmp_path / "found.json"))


@pytest.mark.parametrize(
    ("changes", "arguments", "stale"),
    [
        ({}, (), True),
        ({}, ("-n", "2"), True),
        ({"versions": '"numpy<1"'}, (), False),
        ({"clauses": '["BN.train.*"]'}, (), False),
        ({}, ("-k", "dtype=float32"), False),
    ],
    ids=["stale", "stale with workers", "of another version", "not all asked", "not all selected"],
)
def test_a_record_that_matches_nothing(
    changes: dict[str, str], arguments: tuple[str, ...], stale: bool, tmp_path: Path
) -> None:
    (tmp_path / "numpy.toml").write_text(record(**changes))
    every = ("--conformance-backend=numpy", "--conformance-profile=ci", "--conformance-results=found.json")
    done = run(*every, *arguments, cwd=tmp_path, startup=RECORDS.format(folder=str(tmp_path)))
    assert done.returncode == (pytest.ExitCode.TESTS_FAILED if stale else pytest.ExitCode.OK), done.stdout
    assert ("ERROR: the deviation doubled matched nothing" in done.stdout) is stale
    document = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert document["run"]["stale"] == (["doubled"] if stale else [])


def test_a_record_that_no_case_met_but_whose_script_still_shows_it(tmp_path: Path) -> None:
    """Whether a case meets it depends on the seed: that is told, and no error."""
    (tmp_path / "numpy.toml").write_text(record())
    script = tmp_path / "reproducers" / "numpy" / "doubled.py"
    script.parent.mkdir(parents=True)
    script.write_text('print("got 2, right is 1")\nraise SystemExit(1)\n')
    every = ("--conformance-backend=numpy", "--conformance-profile=ci", "--conformance-results=found.json")
    done = run(*every, cwd=tmp_path, startup=RECORDS.format(folder=str(tmp_path)))
    assert done.returncode == pytest.ExitCode.OK, done.stdout
    assert "deviation doubled: met by no case of this run; its script still shows it" in done.stdout
    document = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert (document["run"]["stale"], document["run"]["unmet"]) == ([], ["doubled"])


@pytest.mark.parametrize(
    ("kernels", "told", "found"),
    [("onednn", True, {}), ("eigen", True, {"stale": ["doubled"]}), ("onednn", False, {"elsewhere": ["doubled"]})],
    ids=["not taken", "taken", "nobody knows"],
)
def test_a_record_of_kernels_that_are_not_taken_need_not_be_met(
    kernels: str, told: bool, found: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0" if told else "")
    (tmp_path / "numpy.toml").write_text(record(kernels=f'"{kernels}"'))
    every = ("--conformance-backend=numpy", "--conformance-profile=ci", "--conformance-results=found.json")
    startup = RECORDS.format(folder=str(tmp_path))
    startup += "from conformance.deviations import kernels\nkernels._features = frozenset\n"
    done = run(*every, cwd=tmp_path, startup=startup)
    stale = "stale" in found
    assert done.returncode == (pytest.ExitCode.TESTS_FAILED if stale else pytest.ExitCode.OK), done.stdout
    assert ("doubled: of kernels that are perhaps not taken here" in done.stdout) is ("elsewhere" in found)
    document = json.loads((tmp_path / "found.json").read_text("utf-8"))
    nothing: dict[str, list[str]] = {"stale": [], "unmet": [], "elsewhere": []}
    assert {name: document["run"][name] for name in nothing} == nothing | found


def test_the_header_names_each_version_once(tmp_path: Path) -> None:
    done = run("--collect-only", "-k", "clause=LN.output", cwd=tmp_path)
    (header,) = [line for line in done.stdout.splitlines() if line.startswith("conformance: profile")]
    told = header.partition("; ")[2].split(", ")
    assert f"numpy {np.__version__}" in told
    assert len(told) == len(set(told))


def test_a_session_without_clauses_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        "import sys\n"
        "def test_own():\n"
        "    assert not {'conformance.session', 'conformance.cases', 'hypothesis.strategies'} & set(sys.modules)\n"
    )
    arguments = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "conformance.plugin", "test_own.py")
    done = python("-m", "pytest", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    told = [line for line in done.stdout.splitlines() if not line.startswith("plugins: ")]  # what is installed
    assert not any("conformance" in line for line in told)


def test_the_same_questions_whatever_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "constants.py").write_text(f"VALUES = {[1000 + 997 * number for number in range(64)]}\n")
    digest = """
import atexit, hashlib, pathlib
from adapters.numpy import NumPy
ask, digest = NumPy.ask, hashlib.sha256()
def noted(self, subject, case):
    for name, array in case.arrays():
        digest.update(name.encode() + array.tobytes())
    return ask(self, subject, case)
NumPy.ask = noted
atexit.register(lambda: pathlib.Path("digest").write_text(digest.hexdigest()))
"""
    digests = []
    for loading in ("", f"import sys; sys.path.append({str(tmp_path)!r}); import constants"):
        wide = ("-k", "backend=numpy", "--conformance-clause=BN.train.*", "--conformance-clause=LN.*special")
        done = run(*wide, cwd=tmp_path, startup=digest + loading)
        assert done.returncode == 0, done.stdout
        digests.append((tmp_path / "digest").read_text())
    assert digests[0] == digests[1]


def test_a_run_that_answers_nothing_is_no_success(tmp_path: Path) -> None:
    refuses = CHANGED.replace("{change}", "raise Unsupported('everything')").replace(
        "from adapters.numpy", "from adapters.base import Unsupported\nfrom adapters.numpy"
    )
    done = run("-k", "backend=numpy", cwd=tmp_path, startup=refuses)
    assert done.returncode == 5, done.stdout
    assert f"{asked('BN.train.output')} unsupported;" in done.stdout
    assert "everything" in done.stdout
