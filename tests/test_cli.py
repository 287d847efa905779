"""The command line: what it prints, its exit codes, and one line for every mistake of a user."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance import __version__
from conformance.clauses import CLAUSES
from tests.command import CHANGED, DOUBLED, FAST, RECORDS, WITHOUT, asked, conformance, python, record, refused, rows

#: How many subjects FAST asks.
COUNT = asked("BN.train.output")


def test_run_conforms(tmp_path: Path) -> None:
    done = conformance("run", *FAST, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[-1] == "conforms"
    assert any(line.startswith("BN.train.output") and f" ok {COUNT} ." in line for line in lines)
    document = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert document["run"]["complete"] is True
    assert len(document["results"]) == COUNT
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_run_fails(tmp_path: Path) -> None:
    done = conformance("run", *FAST, cwd=tmp_path, startup=DOUBLED)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == f"does not conform: {COUNT} of {COUNT} clauses x subjects fail"
    assert "FAIL BN.train.output: In training" in done.stdout
    assert "subject:  backend=numpy api=control" in done.stdout
    assert f"FAIL {COUNT}/{COUNT}" in done.stdout
    assert {row["verdict"] for row in rows(tmp_path / "results.json")} == {"fail"}


def test_recorded_deviation_conforms_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "numpy.toml").write_text(record())
    startup = DOUBLED + RECORDS.format(folder=str(tmp_path))
    done = conformance("run", *FAST, cwd=tmp_path, startup=startup)
    assert done.returncode == 0, done.stdout
    assert "recorded deviations met: 1 defect;" in done.stdout
    assert f"  doubled  defect   wrong-result  in {COUNT}\n" in done.stdout
    assert f"dev {COUNT}/{COUNT}" in done.stdout
    shown = conformance("show", "results.json", cwd=tmp_path)
    assert shown.returncode == 0
    assert shown.stdout in done.stdout


def test_stale_record_fails(tmp_path: Path) -> None:
    (tmp_path / "numpy.toml").write_text(record())
    arguments = [*FAST[:-1], "ci"]
    done = conformance("run", *arguments, cwd=tmp_path, startup=RECORDS.format(folder=str(tmp_path)))
    assert done.returncode == 1
    assert "stale record doubled" in done.stdout
    assert done.stdout.splitlines()[-1] == "does not conform: 1 recorded deviation matched nothing"


def test_workers_give_the_same_rows(tmp_path: Path) -> None:
    wide = [
        "--backend",
        "numpy",
        "--clause",
        "BN.train.*,BN.running.update,LN.output,DO.expectation,ACT.value",
        "--profile",
        "quick",
    ]
    assert conformance("run", *wide, "--results", "one.json", cwd=tmp_path).returncode == 0
    done = conformance("run", *wide, "-n", "2", "--results", "two.json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "conforms" in done.stdout
    assert len(rows(tmp_path / "one.json")) == asked(wide[3])
    assert rows(tmp_path / "one.json") == rows(tmp_path / "two.json")


def test_the_users_pytest_configuration_does_not_interfere(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\ntestpaths = nowhere\n")
    (tmp_path / "conftest.py").write_text("raise RuntimeError('a conftest of the user')\n")
    environment = {"PYTEST_ADDOPTS": "--no-such-option", "PYTEST_PLUGINS": "no_such_plugin"}
    done = python("-m", "conformance", "run", *FAST, cwd=tmp_path, environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr


def test_interrupted(tmp_path: Path) -> None:
    # As Ctrl-C in the second test, whose subject is the one of float64.
    change = "if case.x.dtype.name == 'float64': raise KeyboardInterrupt"
    done = conformance("run", *FAST, cwd=tmp_path, startup=CHANGED.replace("{change}", change))
    assert "interrupted; what was done until then is in the results file: 'conformance run " in refused(done, 130)
    document = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert document["run"]["complete"] is False
    assert [row["subject"]["dtype"] for row in document["results"]] == ["float32"]
    assert done.stdout.splitlines()[-1].startswith("incomplete")


@pytest.mark.parametrize("at_once", [False, True], ids=["at the end", "after a row"])
def test_results_that_become_unwritable(at_once: bool, tmp_path: Path) -> None:
    startup = """
import os
replace, calls = os.replace, []
def second_fails(source, target):
    if str(target).endswith("results.json"):
        calls.append(target)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
    replace(source, target)
os.replace = second_fails
"""
    if at_once:
        startup += """
from conformance.results import Results
Results.add = lambda self, row: (self.rows.append(row), self.write())
"""
    done = conformance("run", *FAST, cwd=tmp_path, startup=startup)
    assert "cannot write results to results.json: No space left on device" in refused(done)
    assert json.loads((tmp_path / "results.json").read_text("utf-8"))["results"] == []
    assert "conforms" not in done.stdout.splitlines()[:1]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (
            ["--backend", "thorch"],
            2,
            "unknown backend 'thorch'; known: jax, keras-jax, keras-torch, numpy, ",
        ),
        (["--backend", "numpy,thorch"], 2, "unknown backend 'thorch'"),
        (["--dtype", "float8"], 2, "unknown dtype 'float8'; known: "),
        (["--clause", "ZZ.*"], 2, "--clause 'ZZ.*' matches no clause; 'conformance list' shows them all"),
        (["--results", "nowhere/results.json"], 2, "cannot write results to nowhere/results.json: No such file"),
        (["--results", "."], 2, "name another file with --results"),
        (["--backend", "numpy", "--api", "keras"], 3, "nothing to run: no installed backend offers --backend numpy"),
    ],
)
def test_bad_run(arguments: list[str], code: int, told: str, tmp_path: Path) -> None:
    done = conformance("run", "--profile", "quick", *arguments, cwd=tmp_path)
    assert told in refused(done, code)
    assert not (tmp_path / "results.json").exists()
    assert list(tmp_path.glob(".*")) == []


def test_missing_framework_gives_its_pip_line(tmp_path: Path) -> None:
    startup = WITHOUT.format(names={"tensorflow", "keras", "jax"})
    line = refused(conformance("run", "--backend", "tensorflow", cwd=tmp_path, startup=startup))
    assert "backend tensorflow: tensorflow and keras not installed: python -m pip install tensorflow" in line
    line = refused(conformance("run", "--backend", "keras-torch", cwd=tmp_path, startup=startup))
    assert "backend keras-torch: keras not installed: python -m pip install keras torch" in line
    done = conformance(
        "run", "--clause", "NE.shape", "--mode", "eager", "--profile", "quick", cwd=tmp_path, startup=startup
    )
    assert "not asked: jax: jax not installed: python -m pip install jax" in done.stdout
    assert "not asked: keras-torch: keras not installed: python -m pip install keras torch" in done.stdout
    assert "conforms" in done.stdout.splitlines()
    done = conformance("list", cwd=tmp_path, startup=startup)
    assert done.returncode == 0
    assert "backend jax (missing)" in done.stdout
    assert "python -m pip install jax" in done.stdout


def test_broken_deviation_file(tmp_path: Path) -> None:
    startup = RECORDS.format(folder=str(tmp_path))
    (tmp_path / "numpy.toml").write_text("[[deviation]]\nid = \n")
    assert "numpy.toml: not readable as TOML: " in refused(conformance("run", *FAST, cwd=tmp_path, startup=startup))
    assert "(at line 2, column 6)" in refused(conformance("explain", "LN.grad", cwd=tmp_path, startup=startup))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{\n"schema": "conformance-results",\n"run": {,\n}', "line 3: "),
        ('{"schema": "something else"}', "not a conformance results file"),
        ('{"schema": "conformance-results", "schema_version": 9}', "schema version '9'; a newer version"),
        ("", "line 1: "),
        ("[" * 100_000, "nested too deeply"),
        ("1" * 5_000, "not readable as JSON"),
    ],
)
def test_broken_results(text: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from conformance.cli import main

    path = tmp_path / "results.json"
    path.write_text(text)
    assert main(["show", str(path)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"conformance: error: {path}: ")
    assert told in shown.err
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["ran"], "invalid choice: 'ran'"),
        (["run", "--frobnicate"], "unrecognized arguments: --frobnicate"),
        (["run", "--seed", "-1"], "'-1' is no whole number from 0 to"),
        (["run", "--seed", str(2**31)], "is no whole number"),
        (["run", "-n", "0"], "'0' is neither a number of processes"),
        (["run", "--profile", "slow"], "invalid choice: 'slow'"),
        (["run", "--backend", "torch,"], "an empty value in 'torch,'"),
        (["run", "--timeout", "0"], "'0' is no number above 0"),
        (["run", "--memory", "much"], "'much' is no number above 0"),
    ],
)
def test_usage(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    from conformance.cli import main

    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    text = capsys.readouterr().err
    assert text.startswith("conformance: error: ")
    assert told in text
    assert text.count("\n") == 1


def test_list_imports_no_framework(tmp_path: Path) -> None:
    code = (
        "import sys; from conformance.cli import main; main(['list']); "
        "print('IMPORTED', *sorted({'torch', 'tensorflow', 'keras', 'jax', 'flax', 'pytest'} & set(sys.modules)))"
    )
    done = python("-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "IMPORTED"
    for clause in CLAUSES:
        assert f"  {clause} " in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_explain(tmp_path: Path) -> None:
    (tmp_path / "torch.toml").write_text(record(versions='"torch>=1"'))
    startup = RECORDS.format(folder=str(tmp_path))
    done = conformance("explain", "BN.train.output", cwd=tmp_path, startup=startup)
    assert done.returncode == 0
    clause = CLAUSES["BN.train.output"]
    told = " ".join(done.stdout.split())
    for text in (clause.statement, clause.formula, clause.source, clause.fails, "batch_norm"):
        assert text in told
    for text in ("recorded deviations: 1", "doubled (defect, wrong-result)", "Nobody knows why", "example.org/1"):
        assert text in told


def test_explain_activations(tmp_path: Path) -> None:
    from reference.activations import ACTIVATIONS

    done = conformance("explain", "ACT.grad", cwd=tmp_path)
    told = " ".join(done.stdout.split())
    for activation in ACTIVATIONS.values():
        assert f"{activation.name} {activation.formula}" in told
        assert activation.source in told


@pytest.mark.parametrize(
    ("name", "hint"),
    [("bn.train.outpt", "did you mean BN.train.output"), ("xyzzy", "'conformance list' shows them all")],
)
def test_explain_unknown(name: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    from conformance.cli import main

    assert main(["explain", name]) == 2
    text = capsys.readouterr().err
    assert text.startswith(f"conformance: error: unknown clause {name!r}: {hint}")
    assert text.count("\n") == 1


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    from conformance.cli import main

    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"conformance {__version__}\n"
