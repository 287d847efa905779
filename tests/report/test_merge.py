"""Shards become one; what cannot both be true is an error of one line, and nothing is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance import results
from conformance.cli import main
from conformance.results import ResultsError
from tests.report.samples import rows, subject, written
from tests.test_results import row


def merged(folder: Path, *paths: Path) -> results.Results:
    target = folder / "merged.json"
    assert main(["merge", *map(str, paths), "--results", str(target)]) == 0
    return results.load(target)


def test_shards(tmp_path: Path) -> None:
    one, other = rows()[:4], rows()[3:]  # what both asked they answered alike
    parts = [written(tmp_path, *each, name=f"{n}.json", stale=[]) for n, each in enumerate((one, other))]
    whole = merged(tmp_path, *parts)
    assert len(whole.rows) == len(rows())
    assert whole.run["complete"] is True
    assert len(whole.run["merged"]) == 2
    assert whole.run["false_alarm"]["run"] == pytest.approx(2e-9)


def test_a_record_that_another_shard_met_is_not_stale(tmp_path: Path) -> None:
    parts = [
        written(tmp_path, rows()[2], name="a", stale=[], unmet=["rare"], elsewhere=["of-onednn"]),
        written(tmp_path, rows()[0], name="b", stale=["torch-gelu-cancels", "gone"], unmet=["torch-gelu-cancels"]),
    ]
    run = merged(tmp_path, *parts).run
    assert (run["stale"], run["unmet"], run["elsewhere"]) == (["gone"], ["rare"], ["of-onednn"])


def test_an_unfinished_shard_makes_the_whole_unfinished(tmp_path: Path) -> None:
    parts = [written(tmp_path, rows()[0], name="a"), written(tmp_path, rows()[1], name="b", complete=False)]
    assert merged(tmp_path, *parts).run["complete"] is False


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"seed": 1}, "differ in seed: 0 and 1"),
        ({"profile": "deep"}, "differ in profile: 'ci' and 'deep'"),
        ({"environment": {"suite": "9", "versions": {}}}, "were written by suites"),
        ({"environment": {"versions": {"numpy": "0.1"}}}, "differ in the version of numpy"),
    ],
)
def test_conflicts(change: dict[str, Any], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = written(tmp_path, rows()[0], name="a"), written(tmp_path, rows()[1], name="b")
    document = json.loads(other.read_text("utf-8"))
    for key, value in change.items():
        document["run"][key] = {**document["run"][key], **value} if isinstance(value, dict) else value
    other.write_text(json.dumps(document), "utf-8")
    target = tmp_path / "merged.json"
    assert main(["merge", str(one), str(other), "--results", str(target)]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert not target.exists()


def test_two_answers_to_one_question(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = written(tmp_path, row(subject=subject()), name="a")
    other = written(tmp_path, row("fail", subject=subject()), name="b")
    assert main(["merge", str(one), str(other), "--results", str(tmp_path / "m")]) == 2
    assert "differ in BN.train.output torch" in capsys.readouterr().err


def test_one_file_is_no_merge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["merge", str(written(tmp_path))]) == 2
    assert "name two results files" in capsys.readouterr().err
    with pytest.raises(ResultsError):
        results.load(tmp_path / "merged.json")
