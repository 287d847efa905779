"""The published schema says what is written, and a file from anywhere is read as it says or refused in one line."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance import reading, results
from conformance.cli import main
from conformance.results import Results, ResultsError
from tests.test_results import FINDINGS, FOLDER, JSON, described, places, refused_in_one_line, row

STRICT = jsonschema.Draft202012Validator(reading.schema())


def document(*rows: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return json.loads(json.dumps(Results(described(**changes), list(rows)).document()))  # type: ignore[no-any-return]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(reading.schema())
    assert reading.schema()["properties"]["schema_version"]["const"] == results.SCHEMA_VERSION
    assert tuple(reading.schema()["$defs"]["row"]["properties"]["verdict"]["enum"]) == results.VERDICTS


def test_what_a_run_writes_is_what_the_schema_says(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    clauses = "--clause BN.train.output --clause ACT.value --clause DO.rate".split()
    run = ["run", "--backend", "numpy", "--dtype", "float32", "--profile", "quick", "--results", str(path)]
    assert main([*run, *clauses, "--html", str(tmp_path / "report.html")]) == 0
    assert "Conformance of numpy" in (tmp_path / "report.html").read_text("utf-8")
    written = json.loads(path.read_text("utf-8"))
    STRICT.validate(written)
    first = next(row for row in written["results"] if row["clause"] == "BN.train.output")
    assert sum(first["spread"]) == first["elements"]
    got, expected, bound = (first["element"][key] for key in ("got", "expected", "bound"))
    assert abs(got - expected) / bound == pytest.approx(first["worst"])
    assert any(0 < each["error"] <= each["bound"] for each in first["offsets"].values())
    curve = next(row for row in written["results"] if row["activation"] == "tanh")["ulps"]["y"]
    assert max(curve["curve"].values()) == pytest.approx(curve["ulps"], rel=0.01)
    assert written["run"]["dialects"]["numpy"]["control"]["momentum"] == "new"


@settings(FOLDER, max_examples=100)
@given(data=st.data())
def test_reader_and_schema_agree(data: st.DataObject, tmp_path: Path) -> None:
    """Whatever is changed, the reader refuses what the schema refuses and takes what it takes."""
    finding = data.draw(FINDINGS)
    mutated = copy.deepcopy(document(row("fail", counterexample=finding), row(deviations={"doubled": finding})))
    for _ in range(data.draw(st.integers(0, 2), label="mutations")):
        every = list(places(mutated))
        holder, key = every[data.draw(st.integers(0, len(every) - 1), label="place")]
        holder[key] = data.draw(JSON, label="value")
    path = tmp_path / "results.json"
    path.write_text(json.dumps(mutated))
    try:
        again = json.loads(path.read_text(), parse_constant=lambda _: 1 / 0)
    except ZeroDivisionError:  # NaN as it is no number of JSON
        assert refused_in_one_line(path)
        return
    of_version_1 = again.get("schema_version") == 1
    assert refused_in_one_line(path) == (not STRICT.is_valid(again)) or of_version_1


def test_a_file_of_version_1_is_read(tmp_path: Path) -> None:
    old = document(row())
    old["schema_version"] = 1
    for column in ("element", "spread", "offsets"):
        del old["results"][0][column]
    path = tmp_path / "results.json"
    path.write_text(json.dumps(old))
    assert results.load(path).rows == [row()]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema_version": 3}, "schema version '3'; a newer version of conformance wrote it"),
        ({"schema_version": 0}, "schema version '0'; this program reads versions 1 to 2: run the suite again"),
        ({"schema": "junit"}, "not a conformance results file"),
        ({"results": {}}, "results: must be array"),
        ({"run": {}}, "run: must have "),
        ({"results": [7]}, "result 1: must be object"),
    ],
)
def test_foreign(change: dict[str, Any], told: str, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(document() | change))
    with pytest.raises(ResultsError) as refusal:
        results.load(path)
    assert str(refusal.value).startswith(f"{path}: {told}")


def test_huge(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    with path.open("wb") as file:
        file.truncate(reading.LARGEST + 1)
    assert refused_in_one_line(path)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"schema": ' * 50_000, "NaN", "1" * 5000, ""])
def test_deep_and_strange(text: str, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(text)
    assert refused_in_one_line(path)
