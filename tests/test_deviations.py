"""The loader of recorded deviations: each rule has its message, and a record covers what it describes and no more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from adapters.base import Activation, BatchNorm, Subject
from conformance import backends, deviations
from conformance.deviations import Deviation, DeviationError, load
from conformance.deviations.scripts import shows
from tests.command import record


def loaded(folder: Path, text: str) -> tuple[Deviation, ...]:
    (folder / "numpy.toml").write_text(text, encoding="utf-8")
    return load("numpy", folder)


def one(folder: Path, **changes: str) -> Deviation:
    (found,) = loaded(folder, record(**changes))
    return found


@pytest.mark.parametrize("backend", backends.names())
def test_own_records_are_right(backend: str) -> None:
    for each in load(backend):
        assert each.backend == backend
        assert each.versions.name in backends.adapter(backend).distributions


def test_no_file_no_records(tmp_path: Path) -> None:
    assert load("numpy", tmp_path) == ()


def test_defaults(tmp_path: Path) -> None:
    found = one(tmp_path)
    assert (found.id, found.kind, found.severity) == ("doubled", "defect", "wrong-result")
    assert (found.grade, found.outputs, dict(found.where), dict(found.subject)) == (None, ("*",), {}, {})


@pytest.mark.parametrize(("taken", "excuses"), [(True, True), (None, True), (False, False)])
def test_a_record_of_kernels_is_about_machines_that_take_them(
    taken: bool | None, excuses: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deviations, "taken", {"onednn": taken}.get)
    found = one(tmp_path, kernels='"onednn"')
    assert (found.is_of({"numpy": np.__version__}), found.here) == (excuses, taken)
    assert one(tmp_path).here is True


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id = \n", "numpy.toml: not readable as TOML: Invalid value (at line 1, column 6)"),
        ("[other]\n", "numpy.toml: unknown table other: only [[deviation]] is known"),
        (record().replace("[[deviation]]", "[deviation]"), "write [[deviation]], one for each record"),
        ("deviation = [1]\n", "deviation 1: not a table"),
        (record() + record(), "two records have the id 'doubled'"),
        (record(id=""), "deviation 1: 'id' is missing or empty"),
        (record(clauses="[]"), "'clauses' is missing or empty"),
        (record(reason='""'), "'reason' is missing or empty"),
        (record(source="1"), "'source' must be a string"),
        (record(reson='"x"'), "unknown key 'reson'; known: id, clauses"),
        (record(kind='"quirk"'), "deviation 1 (doubled): kind 'quirk' is none of dialect, defect"),
        (record(severity='"bad"'), "severity 'bad' is none of crash, wrong-result"),
        (record(kernels='"mkl"'), "deviation 1 (doubled): kernels 'mkl' are none of onednn, eigen, avx512"),
        (record(clauses='"BN.*"'), "'clauses' must be a list of strings"),
        (record(outputs="[1]"), "'outputs' must be a list of strings"),
        (record(clauses='["BN.*", "XX.*"]'), "clause 'XX.*' matches none that exists"),
        (record(grade='"stable"'), "deviation 1 (doubled): grade 'stable' is none of one-pass, "),
        (record(versions='"numpy=>1"'), "versions 'numpy=>1' is no requirement such as 'flax>=0.8,<1'"),
        (record(subject='"nn"'), "'subject' must be a table of axis = [globs]"),
        (record(subject='{ backend = ["numpy"] }'), "unknown axis 'backend' in 'subject'; known: api, mode"),
        (record(subject='{ api = "nn" }'), "subject.api must be a list of strings"),
        (record(where="1"), "'where' must be a table of name = { bound = number }"),
        (record(where="{ x = 1.0 }"), "where.x must be a table such as { min = 1.0 }"),
        (record(where="{ x = {} }"), "where.x must be a table such as { min = 1.0 }"),
        (record(where="{ x = { below = 1.0 } }"), "unknown bound 'below' in where.x; known: min, max"),
        (record(where='{ x = { min = "1" } }'), "where.x.min must be a number"),
    ],
)
def test_refused(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(DeviationError) as refusal:
        loaded(tmp_path, text)
    assert str(refusal.value).startswith("numpy.toml: ")
    assert told in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "numpy.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(DeviationError, match=r"numpy\.toml: not readable as TOML"):
        load("numpy", tmp_path)


def test_what_a_record_concerns(tmp_path: Path) -> None:
    found = one(tmp_path, subject='{ dtype = ["float*"], activation = ["", "gelu*"] }', versions='"numpy>=1,<3"')
    subject = Subject("numpy", "control", dtype="float64")
    assert found.concerns("BN.train.output", subject, None, {"numpy": "2.1"})
    assert found.concerns("BN.train.output", subject, "gelu_tanh", {"numpy": "2.1.0rc1"})
    assert not found.concerns("BN.train.output", subject, "relu", {"numpy": "2.1"})
    assert not found.concerns("BN.train.grad", subject, None, {"numpy": "2.1"})
    assert not found.concerns("BN.train.output", subject, None, {"numpy": "3.0"})
    assert not found.concerns("BN.train.output", subject, None, {})
    assert not found.concerns("BN.train.output", Subject("torch", "nn"), None, {"numpy": "2.1"})
    assert not found.concerns("BN.train.output", Subject("numpy", "control", dtype="bfloat16"), None, {"numpy": "2.1"})


@pytest.mark.parametrize(
    ("where", "covered"),
    [
        ("{ x = { min = 1.0 } }", [False, False, True, True]),
        ("{ x = { max = -1.0 } }", [True, False, False, False]),
        ("{ x = { abs_min = 2.0 } }", [True, False, False, True]),
        ("{ x = { abs_max = 1.0 } }", [False, True, True, False]),
        ("{ x = { min = 0.0, max = 1.0 } }", [False, True, True, False]),
        ('{ name = { equals = "gelu" } }', [True] * 4),
        ('{ name = { equals = "relu" } }', [False] * 4),
        ("{ x = { equals = 4 } }", [False, False, False, True]),
        ("{ x = { equals = nan } }", [False] * 4),
        ("{ alpha = { min = 0.0 } }", [False] * 4),
        ("{ nothing = { min = 0.0 } }", [False] * 4),
    ],
)
def test_what_a_record_covers(where: str, covered: list[bool], tmp_path: Path) -> None:
    case = Activation(name="gelu", x=np.array([-3.0, 0.0, 1.0, 4.0]))
    found = one(tmp_path, where=where, outputs='["d*"]')
    np.testing.assert_array_equal(found.covers(case, "dx", (4,)), covered)
    assert not found.covers(case, "y", (4,)).any()


def test_a_record_may_speak_of_the_answer_and_of_the_expected_value(tmp_path: Path) -> None:
    case = Activation(name="gelu", x=np.zeros(3))
    judged = {"expected": np.array([0.0, 0.0, 2.0]), "got": np.array([np.nan, 1.0, np.nan])}
    found = one(tmp_path, where="{ got = { equals = nan }, expected = { max = 1.0 } }")
    np.testing.assert_array_equal(found.covers(case, "y", (3,), **judged), [True, False, False])
    assert not found.covers(case, "y", (3,)).any()


def test_nan_equals_nan_in_a_record(tmp_path: Path) -> None:
    case = Activation(name="gelu", x=np.array([np.nan, np.inf, 0.0]))
    found = one(tmp_path, where="{ x = { equals = nan } }")
    np.testing.assert_array_equal(found.covers(case, "y", (3,)), [True, False, False])


def test_a_condition_on_another_tensor_holds_where_any_of_its_elements_meets_it(tmp_path: Path) -> None:
    found = one(tmp_path, where="{ running_var = { max = 0.5 } }")
    arrays = {"gamma": None, "beta": None, "running_mean": np.zeros(3)}
    settings = {"eps": 1e-5, "momentum": 0.1, "channel_axis": 1, "training": False}
    for smallest, covered in ((0.25, True), (0.75, False)):
        variance = np.array([1.0, smallest, 1.0])
        case = BatchNorm(x=np.zeros((2, 3)), running_var=variance, **arrays, **settings)  # type: ignore[arg-type]
        np.testing.assert_array_equal(found.covers(case, "y", (2, 3)), np.full((2, 3), covered))


@pytest.mark.parametrize(
    ("script", "shown"),
    [
        ('print("got 2, right is 1"); raise SystemExit(1)', True),
        ('print("got 1, right is 1")', False),
        ('print("got 2, right is 1"); raise SystemExit(2)', False),
        ("import no_such_framework", False),
        ("import time; time.sleep(60)", False),
        (None, False),
    ],
    ids=["still there", "gone", "another end", "breaks off", "does not end", "no script"],
)
def test_whether_a_script_still_shows_it(
    script: str | None, shown: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deviations, "FOLDER", tmp_path)
    found = one(tmp_path)
    if script is not None:
        found.script.parent.mkdir(parents=True)
        found.script.write_text(script)
    assert shows(found, seconds=5) is shown


def test_the_folder_may_be_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "numpy.toml").write_text(record())
    monkeypatch.setattr(deviations, "FOLDER", tmp_path)
    assert [each.id for each in load("numpy")] == ["doubled"]
