"""Reproducers: cases are read as data, reduced without changing what is wrong, and the scripts of real findings run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Activation, BatchNorm, LayerNorm, Subject
from adapters.numpy import NumPy
from conformance import backends, deviations, plan, profiles, results, suite
from conformance.cases import describe
from conformance.clauses import CLAUSES
from conformance.cli import main
from conformance.examination import Examination, Nonconformance
from conformance.report.reproduced import NoScript, text
from conformance.report.scripts import LONGEST, Scripts, written
from conformance.reproduce.given import Unreadable, read
from conformance.reproduce.reduced import literal, reduced
from tests.report import samples
from tests.report.samples import CASE, FINDING, subject
from tests.test_results import row


@pytest.mark.parametrize(
    "code",
    [
        "__import__('os').system('touch owned')",
        "Activation(name='gelu', x=__import__('os'))",
        "Activation(name=(lambda: 1)(), x=np.ones((1,), 'float32'))",
        "Activation(**{'name': 'gelu'})",
        "Activation(name='gelu', x=np.load('/etc/passwd'))",
        "Activation(name='gelu', x=np.ones((10**9,), 'float32'))",
        "Activation(name='gelu', x=np.arange(2**40))",
        "Activation(name='gelu', x=np.ones((2,), 'float32') * 'a')",
        "Activation(name='gelu', x=fill('normal', (99999, 9999), seed=1, dtype='float32'))",
        "Activation(name='gelu', x=np.ones(2, 'float32').tofile('owned'))",
        "(" * 500 + "1" + ")" * 500,
        "Stack()",
        "",
    ],
)
def test_a_case_is_never_executed(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Unreadable):
        read(code)
    assert list(tmp_path.iterdir()) == []


@given(st.text(max_size=80) | st.text("Activation(name='x', =np.ones[]{}1e9*)", max_size=60))
def test_any_text_is_a_case_or_unreadable(code: str) -> None:
    try:
        read(code)
    except Unreadable:
        return
    pytest.fail("a case made of noise")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_what_is_written_is_read_back(dtype: str) -> None:
    import ml_dtypes

    kind = np.dtype(ml_dtypes.bfloat16) if dtype == "bfloat16" else np.dtype(dtype)
    x = np.array([[1.5, -np.inf], [np.nan, 3e-5]]).astype(kind)
    again = read(describe(Activation(name="elu", x=x, parameters={"alpha": 0.3})))
    assert isinstance(again, Activation)
    assert again.x.tobytes() == x.tobytes()
    assert (again.name, again.parameters) == ("elu", {"alpha": 0.3})


@given(
    st.lists(st.floats(width=32, allow_nan=False), min_size=2, max_size=80), st.sampled_from(["full", "rows", "free"])
)
def test_a_literal_has_the_same_bits(numbers: list[float], kind: str) -> None:
    value = np.array(numbers, np.float32)
    shape = {"full": (3, 2), "rows": (3, value.size), "free": (value.size,)}[kind]
    value = np.full(shape, value[0]) if kind == "full" else np.array(np.broadcast_to(value, shape))
    import base64
    import zlib

    made = eval(literal(value), {"np": np, "zlib": zlib, "base64": base64})
    assert made.dtype == value.dtype
    assert made.tobytes() == value.tobytes()


class Listening(NumPy):
    """The control, and the cases that it is asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def ask(self, subject: Subject, case: Any) -> Any:
        self.asked.append(case)
        return super().ask(subject, case)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("clause", ["BN.shift", "BN.scale", "BN.permute", "BN.train.grad", "LN.shift", "LN.scale"])
def test_what_a_clause_makes_of_a_case_is_read_back(clause: str, dtype: str) -> None:
    adapter = Listening()
    for entry in plan.entries(CLAUSES[clause], [adapter]):
        if entry.subject.dtype == dtype:
            suite.tests()[clause](Examination(entry.clause, entry.subject, adapter, entry.activation))
    assert adapter.asked
    for case in adapter.asked:
        again = dict(read(describe(case)).arrays())
        for name, value in case.arrays():
            assert again[name].dtype == value.dtype, (name, describe(case))
            if name in case.recipe:
                assert np.ascontiguousarray(again[name]).tobytes() == np.ascontiguousarray(value).tobytes()


def test_reduction_keeps_what_the_element_is_computed_from() -> None:
    x = np.random.default_rng(0).standard_normal((5, 3, 4)).astype(np.float32)
    one = reduced(Activation(name="tanh", x=x), "y", (2, 1, 3))
    assert isinstance(one, Activation)
    assert (one.x == x[2, 1, 3]).all()
    sample = reduced(LayerNorm(x=x, gain=None, bias=None, eps=1e-5, normalized_rank=1), "y", (2, 1, 3))
    assert isinstance(sample, LayerNorm)
    assert (sample.x == x[2, 1]).all()
    ramp = np.arange(3, dtype=np.float32)
    norm = BatchNorm(x=x, gamma=ramp, beta=ramp, running_mean=ramp, running_var=ramp, eps=1e-5, momentum=0.1,
                     channel_axis=1, training=True)  # fmt: skip
    for output, index in (("y", (4, 2, 0)), ("running_var", (2,))):
        channel = reduced(norm, output, index)
        assert isinstance(channel, BatchNorm)
        assert (channel.x == x[:, 2:]).all()
        assert channel.gamma is not None
        assert (channel.gamma == 2).all()


def script_of(folder: Path, **changes: Any) -> str:
    view = samples.view(folder, row("fail", "ACT.value", subject=subject(), activation="gelu",
                                    counterexample={**FINDING, **changes}))  # fmt: skip
    return written(view, view.cells[0], view.cells[0].row["counterexample"])


def test_a_script_is_literals_and_the_framework(tmp_path: Path) -> None:
    told = script_of(tmp_path)
    assert "x = torch.tensor(np.array([-14.0, 1.0], 'float32'))" in told
    assert "torch.nn.functional.gelu(x)" in told
    assert "expected, bound = -1.09e-43, 1e-44" in told
    assert "conformance" not in told
    assert told.count("\n") < LONGEST
    compile(told, "told", "exec")


def test_hostile_text_stays_in_comments(tmp_path: Path) -> None:
    told = script_of(tmp_path, regime='wide\nimport os\r\x0bos.system("x")')
    assert not [line for line in told.splitlines() if "os.system" in line and not line.startswith("#")]
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it is, no script
        script_of(tmp_path, case=CASE.replace("'gelu'", "'x); import os; ('"))
    with pytest.raises(Exception):  # noqa: B017, PT011
        script_of(tmp_path, output="y; import os")


def test_without_a_case_the_recorded_script_is_shown(tmp_path: Path) -> None:
    finding = {"case": "Stack()", "regime": "given", "output": "y", "message": "wrong", "grade": "none"}
    known = samples.view(tmp_path, row("deviation", subject=subject(), deviations={"torch-gelu-overflows": finding}))
    record = next(each for each in deviations.load("torch") if each.id == "torch-gelu-overflows")
    assert text(known, known.cells[0], None, issue=False) == record.script.read_text("utf-8")
    unknown = samples.view(tmp_path, row("fail", subject=subject(), counterexample=finding))
    with pytest.raises(NoScript, match="no script is written for this kind of case"):
        text(unknown, unknown.cells[0], None, issue=False)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["zzz"], "no cell of these results has the id 'zzz'; ids are for example LN.output-"),
        ([""], "no cell of these results has the id ''"),
        (["ACT.value"], "2 cells begin with 'ACT.value'"),
        (["DO.rate"], "found nothing to reproduce: its verdict is pass"),
        (["LN.output:nothing"], "did not meet a record 'nothing'; it met none"),
    ],
)
def test_refused(arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", str(samples.written(tmp_path)), *arguments]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_the_ids_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", str(samples.written(tmp_path))]) == 0
    assert "LN.output-" in capsys.readouterr().out


# ------------------------------------------------------------------ real findings, in the frameworks themselves

#: Backend, clause, subject, activation: behaviour that is recorded, of every kind of layer that is written.
SAMPLE = [
    ("torch", "ACT.value", "nn.functional", "eager", "float32", "gelu"),
    ("torch", "BN.bad-input", "nn.functional", "eager", "float32", None),
    ("tensorflow", "ACT.value", "tf.nn", "eager", "bfloat16", "elu"),
    ("jax", "LN.output", "flax.nnx", "jit", "float32", None),
    ("keras-torch", "BN.train.output", "keras", "eager", "float32", None),
    ("keras-jax", "ACT.value", "keras", "eager", "float32", "gelu_tanh"),
]


def found(backend: str, clause: str, asked: Subject, activation: str | None) -> dict[str, Any]:
    """A row of the results, from asking the framework."""
    adapter = backends.adapter(backend)
    records = tuple(
        record for record in deviations.load(backend) if record.concerns(clause, asked, activation, adapter.versions())
    )
    adapter.prepare("cpu")
    exam = Examination(CLAUSES[clause], asked, adapter, activation, records)
    finding = None
    try:
        suite.tests()[clause](exam)
    except Nonconformance as failure:
        finding = failure.finding
    record = exam.record
    verdict = "fail" if finding else "deviation"
    return row(verdict, clause, subject=asked.axes(), activation=activation, grade=record.grade,
               counterexample=results.plain(finding), deviations=results.plain(record.deviations))  # fmt: skip


@pytest.fixture
def quick() -> Iterator[None]:
    before = profiles.chosen()
    profiles.choose("quick")
    yield
    profiles.choose(before)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("sample", SAMPLE, ids=lambda sample: "-".join(map(str, sample[:3])))
def test_the_script_of_a_real_finding_reproduces_it(
    sample: tuple[str, str, str, str, str, str | None], tmp_path: Path
) -> None:
    backend, clause, api, mode, dtype, activation = sample
    if (why := backends.adapter(backend).missing()) is not None:
        pytest.skip(why)
    asked = Subject(backend, api, mode, "cpu", dtype)
    assert asked in [entry.subject for entry in plan.entries(CLAUSES[clause], [backends.adapter(backend)])]
    view = samples.view(tmp_path, found(backend, clause, asked, activation))
    (cell,) = view.cells
    findings = list(cell.findings())
    assert findings, "the behaviour is gone: choose another sample"
    told = written(view, cell, findings[0][1])
    assert run(told, tmp_path) == 1


def run(told: str, folder: Path) -> int:
    """The exit code of a script in a process that has nothing of this repository."""
    (folder / "told.py").write_text(told, "utf-8")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "KERAS"))}
    done = subprocess.run([sys.executable, "-I", "told.py"], cwd=folder, env=inherited, capture_output=True, text=True,
                          timeout=300, check=False)  # fmt: skip
    assert "got" in done.stdout, done.stderr
    assert "right" in done.stdout
    return done.returncode


def test_scripts_of_a_stranger_are_none(tmp_path: Path) -> None:
    view = samples.view(tmp_path, row("fail", subject=subject("../../etc"), counterexample=FINDING))
    assert Scripts().of(view, view.cells[0], "x", FINDING) is None
