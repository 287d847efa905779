"""The test of the test: a sample of the fault bench with every category, its file, its figures, plants of others."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance import profiles
from conformance.qualification import document, qualify
from conformance.qualification.faults import FAULTS
from conformance.qualification.judges import BOUND, JUDGES, Look
from conformance.qualification.power import power
from conformance.qualification.registry import CATEGORIES
from conformance.qualification.survey import survey
from conformance.report.qualified import Qualified, picture
from tests.command import conformance
from tests.report import samples

PLANT = """
from conformance.qualification import NumPy, fault


@fault(clause="BN.train.output", category="epsilon", says="epsilon squared")
class EpsilonSquared(NumPy):
    def inverse_root(self, var, eps):
        return super().inverse_root(var, eps * eps)
"""


@pytest.fixture(scope="module")
def sample() -> dict[str, Any]:
    return qualify.qualify(qualify.Request(sample=1))


def test_the_sample_has_every_category_and_is_caught(sample: dict[str, Any]) -> None:
    found = power(sample)
    assert Counter(row["category"] for row in found.faults) == Counter(dict.fromkeys(CATEGORIES, 1))
    assert not found.survivors
    assert not found.alarms
    assert found.median("seconds") < 1
    assert found.conforms


@pytest.mark.parametrize("id", ["BN.train.output-one-pass-variance", "LN.grad-gain-after-the-means"])
def test_kills_are_the_same_under_the_same_seed(id: str) -> None:
    fault = next(each for each in FAULTS if each.id == id)

    def asked(seed: int) -> dict[str, Any]:
        found = survey(fault, fault.clause, seed)
        kills = {judge: {**kill, "seconds": 0} for judge, kill in found["kills"].items()}
        return {**found, "kills": kills, "seconds": 0}

    assert asked(0) == asked(0)
    assert asked(0) != asked(1)


def test_the_bound_is_beaten_by_no_fixed_tolerance(sample: dict[str, Any]) -> None:
    scores = {score.name: score for score in power(sample).scores}
    assert set(scores) == {BOUND, *(judge.name for judge in JUDGES)}
    assert scores[BOUND].usable == scores[BOUND].caught == len(sample["faults"])
    assert scores[BOUND].alarms == 0
    assert power(sample).better() == []


def test_a_fault_is_put_to_the_other_clauses_of_its_layer_too() -> None:
    before = profiles.chosen()
    found = qualify.qualify(qualify.Request(profile="quick", globs=("LN.output-epsilon-missing",), matrix=True))
    (row,) = found["faults"]
    others = [other["clause"] for other in row["others"]]
    assert "LN.constant" in others
    assert all(clause.startswith("LN.") and clause != "LN.output" for clause in others)
    assert all(BOUND in other["kills"] for other in row["others"])
    assert [clause for clause, _ in Qualified(found).kills()[0][1]] == ["LN.output", *others]
    assert profiles.chosen() == before


def test_a_fault_that_others_do_not_see(sample: dict[str, Any]) -> None:
    """What is lent to everybody is caught by everybody; the rest is not."""
    assert any(len(row["kills"]) == 1 + len(JUDGES) for row in sample["faults"])
    assert all(len(row["kills"]) == 1 + len(JUDGES) for row in sample["faults"] if row["outright"])


def test_the_file_comes_back(sample: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "qualification.json"
    document.save(sample, path)
    assert Qualified(document.load(path)).scores() == Qualified(sample).scores()
    assert "no fixed tolerance" in "".join(Qualified(sample).summary())
    assert "<svg" in picture(Qualified(sample)).svg


def test_text_of_a_file_is_shown_and_never_run(sample: dict[str, Any], tmp_path: Path) -> None:
    spoilt = samples.hostile(sample, but=("schema", "name", "subject", "kills", "run"))
    path = tmp_path / "qualification.json"
    document.save(spoilt, path)
    results = samples.written(tmp_path)
    done = conformance("report", results, "--qualification", path, "--html", "page.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "What the suite itself is worth" in page
    assert "alert(1)" in page
    assert not [each for each in ("<img", "<script>alert", "\x1b", "\u202e") if each in page]
    shown = conformance("qualify", "--show", path, cwd=tmp_path)
    assert "\x1b" not in shown.stdout


def test_a_qualification_without_a_page_is_an_error(sample: dict[str, Any], tmp_path: Path) -> None:
    document.save(sample, tmp_path / "qualification.json")
    results = samples.written(tmp_path)
    chosen = ("--qualification", "qualification.json", "--markdown", "-")
    done = conformance("report", results, *chosen, cwd=tmp_path)
    assert done.returncode == 2
    assert "--html" in done.stderr


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda text: text[: len(text) // 2], "damaged or not JSON"),
        (lambda text: "[]", "no schema"),
        (lambda text: text.replace('"schema_version": 1', '"schema_version": 2'), "schema version '2'"),
        (lambda text: text.replace('"clause": ', '"close": ', 1), "must have clause"),
    ],
)
def test_a_damaged_file_is_refused_in_a_line(sample: dict[str, Any], tmp_path: Path, damage: Any, told: str) -> None:
    path = tmp_path / "qualification.json"
    document.save(sample, path)
    path.write_text(damage(path.read_text()))
    done = conformance("qualify", "--show", path, cwd=tmp_path)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_fault_of_ones_own(tmp_path: Path) -> None:
    plant, results = tmp_path / "plant.py", tmp_path / "qualification.json"
    plant.write_text(PLANT)
    done = conformance(
        "qualify",
        "--plant",
        plant,
        "--fault",
        "BN.train.output-epsilon-*",
        "-n",
        "1",
        "--results",
        results,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "qualified" in done.stdout
    caught = {row["id"]: row for row in json.loads(results.read_text())["faults"]}
    assert {"BN.train.output-epsilon-squared", "BN.train.output-epsilon-tenfold"} <= set(caught)
    assert BOUND in caught["BN.train.output-epsilon-squared"]["kills"]


@pytest.mark.parametrize(
    ("text", "told"),
    [("x = 1", "plants nothing"), ("raise ValueError('no')", "ValueError: no"), (None, "is no file of Python")],
)
def test_a_file_that_plants_nothing_is_an_error(tmp_path: Path, text: str | None, told: str) -> None:
    plant = tmp_path / "plant.py"
    if text is not None:
        plant.write_text(text)
    done = conformance("qualify", "--plant", plant, "-n", "1", "--results", tmp_path / "out.json", cwd=tmp_path)
    assert done.returncode == 2
    assert told in done.stderr


@pytest.mark.parametrize(
    ("chosen", "told"),
    [(("--fault", "BN.trian.*"), "matches no planted fault"), (("--clause", "BN.trian.*"), "matches no clause")],
)
def test_a_glob_that_matches_nothing_is_an_error(chosen: tuple[str, str], told: str, tmp_path: Path) -> None:
    done = conformance("qualify", *chosen, "-n", "1", cwd=tmp_path)
    assert done.returncode == 2
    assert told in done.stderr


def test_one_clause_is_asked_of_all_its_faults_and_sound_layers() -> None:
    found = qualify.qualify(qualify.Request(profile="quick", clauses=("NE.shape",)))
    assert {row["clause"] for row in (*found["faults"], *found["sound"])} == {"NE.shape"}
    assert {row["id"] for row in found["faults"]} == {each.id for each in FAULTS if each.clause == "NE.shape"}
    assert len(found["sound"]) > 10
    assert power(found).conforms


def test_results_that_cannot_be_written_are_known_before_the_work(tmp_path: Path) -> None:
    done = conformance("qualify", "--results", tmp_path / "missing" / "out.json", cwd=tmp_path)
    assert done.returncode == 2
    assert "cannot write" in done.stderr


def judged(got: float, expected: float, dtype: str = "float32") -> set[str]:
    look = Look.at(np.array([got]), np.array([expected]), dtype)
    return {judge.name for judge in JUDGES if judge.failing(look).any()}


def test_judges_keep_to_their_tolerances() -> None:
    assert judged(1.0, 1.0) == set()
    assert judged(math.nan, 1.0) == {judge.name for judge in JUDGES}
    assert judged(math.inf, 1e39) == set()  # beyond the largest float32
    assert judged(1 + 5e-6, 1.0) == {
        "JAX check_close",
        "TensorFlow assertAllClose",
        "Keras assertAllClose",
        "NumPy assert_allclose",
    }
    assert judged(1.9, 1.0) == {judge.name for judge in JUDGES} - {"array-api-tests"}
    assert judged(0.0, 1e-20) == {"NumPy assert_allclose"}
    assert judged(math.nan, math.nan) == set()  # of what the specification has no value for, nobody says anything


def test_a_tolerance_by_the_size_grows_with_it() -> None:
    jax = next(judge for judge in JUDGES if judge.name == "JAX check_close")
    for size, fails in ((1, True), (100, False)):
        got = np.full(size, 1 + 1e-5)
        assert jax.failing(Look.at(got, np.ones(size), "float32")).any() == fails
