"""What counts as worse, as better, as neither; and what is not compared because other questions were asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.cli import main
from conformance.report.difference import Change, Difference, difference
from tests.report import samples
from tests.report.samples import FINDING, subject, written
from tests.test_results import row


def between(folder: Path, old: dict[str, Any], new: dict[str, Any], **changes: Any) -> Difference:
    one, other = (samples.view(folder, each, name=name) for each, name in ((old, "old"), (new, "new")))
    other.run.update(changes)
    return difference(one, other)


def only(found: Difference) -> Change:
    (change,) = found.changes
    return change


DEVIATION = row("deviation", deviations={"a": FINDING}, grade="one-pass")


@pytest.mark.parametrize(
    ("old", "new", "kind", "worse"),
    [
        (row(), row("fail"), "failing", True),
        (row("deviation", deviations={"a": FINDING}), row("crash"), "failing", True),
        (row("fail"), row(), "passing", False),
        (row("fail"), row("timeout"), "verdict", True),
        (row("fail"), DEVIATION, "passing", False),
        (row(), DEVIATION, "verdict", True),
        (DEVIATION, row(), "verdict", False),
        (row(), row("unsupported"), "verdict", True),
        (row("unsupported"), row(), "verdict", False),
        (row("unsupported"), row("fail"), "failing", True),
        (row(), row("undecided"), "verdict", True),
        (DEVIATION, {**DEVIATION, "deviations": {"b": FINDING}}, "records", True),
        ({**DEVIATION, "deviations": {"a": FINDING, "b": FINDING}}, DEVIATION, "records", False),
        (DEVIATION, {**DEVIATION, "grade": "none"}, "grade", True),
        (DEVIATION, {**DEVIATION, "grade": "stable"}, "grade", False),
        (row(worst=0.2), row(worst=0.9), "error", True),
        (row(worst=0.9), row(worst=0.2), "error", False),
        (DEVIATION, {**DEVIATION, "deviations": {"a": {**FINDING, "ratio": "inf"}}}, "error", True),
    ],
)
def test_one_change(old: dict[str, Any], new: dict[str, Any], kind: str, worse: bool, tmp_path: Path) -> None:
    found = between(tmp_path, old, new)
    assert (only(found).kind, only(found).worse) == (kind, worse)
    assert found.compared == 1


@pytest.mark.parametrize(("was", "now"), [(0.41, 0.41), (0.3, 0.9), (1e-9, 0.09), (0.0, 0.0)])
def test_what_nobody_would_see_is_no_change(was: float, now: float, tmp_path: Path) -> None:
    found = between(tmp_path, row(worst=was), row(worst=now))
    assert found.changes == []
    assert found.verdict() == "no change in 1 clauses x subjects"


def test_what_comes_and_goes(tmp_path: Path) -> None:
    gone = between(tmp_path, row(), row(clause="LN.output"))
    assert [(change.kind, change.worse) for change in gone.changes] == [("disappeared", True), ("appeared", None)]
    asked_for_less = between(tmp_path, row(), row(clause="LN.output"), filters={"clause": ["LN.*"]})
    assert asked_for_less.changes == []
    assert asked_for_less.aside == 2
    assert asked_for_less.verdict() == "no change in 0 clauses x subjects; 2 of one run alone left aside"
    assert any("filters differ" in note for note in asked_for_less.notes)


def test_new_and_failing_is_worse(tmp_path: Path) -> None:
    found = between(tmp_path, row(), row("fail", "LN.output"))
    assert [(change.kind, change.worse) for change in found.changes][1] == ("appeared", True)
    asked_for_more = between(tmp_path, row(), row("fail", "LN.output"), keyword="LN")
    assert [(change.kind, change.worse) for change in asked_for_more.changes] == [("appeared", None)]
    assert asked_for_more.aside == 1


@pytest.mark.parametrize(("new", "kinds", "aside"), [(row(), [], 1), (row("fail"), [("appeared", True)], 0)])
def test_of_a_new_backend_only_failures_are_told(new: dict[str, Any], kinds: Any, aside: int, tmp_path: Path) -> None:
    views = [samples.view(tmp_path, each, name=name) for each, name in ((row(), "old"), (new, "new"))]
    for cell in views[1].cells:
        cell.row["subject"] = {**cell.row["subject"], "backend": "another"}
    views[1].run["backends"] = [*views[1].run["backends"], "another"]
    found = difference(*views)
    assert [(change.kind, change.worse) for change in found.changes if change.kind == "appeared"] == kinds
    assert found.aside == aside
    assert any("backend another is new" in note for note in found.notes)


@pytest.mark.parametrize(
    ("old", "new", "changes", "worse"),
    [
        (row(worst=0.2), row(worst=0.9), {"profile": "deep"}, []),
        (row(), DEVIATION, {"profile": "deep"}, [None]),
        (row(), row("fail"), {"seed": 7}, [True]),
        (row("fail"), row(), {"profile": "deep"}, [False]),
        (row("fail"), row(), {"profile": "quick"}, [None]),
    ],
)
def test_after_other_questions(
    old: dict[str, Any], new: dict[str, Any], changes: dict[str, Any], worse: list[bool | None], tmp_path: Path
) -> None:
    found = between(tmp_path, old, new, **changes)
    assert [change.worse for change in found.changes] == worse
    assert any("other questions were asked" in note for note in found.notes)


def test_both_versions_stand_at_the_top(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = (written(tmp_path, row(subject=subject()), name=name) for name in ("old", "new"))
    document = json.loads(new.read_text("utf-8"))
    document["run"]["environment"]["versions"] = {"numpy": "99.1"}
    new.write_text(json.dumps(document), "utf-8")
    assert main(["diff", str(old), str(new)]) == 0
    head = capsys.readouterr().out.splitlines()[:6]
    assert any("numpy" in line and "99.1" in line for line in head)


def test_another_processor_is_told(tmp_path: Path) -> None:
    one = {"processor": "One", "extensions": ["X86_V3"]}
    for other, told in ((one, False), ({**one, "extensions": ["X86_V3", "X86_V4"]}, True), ({}, True)):
        old, new = (samples.view(tmp_path, row(), name=name) for name in ("old", "new"))
        for view, environment in ((old, one), (new, other)):
            for name in ("processor", "extensions", "machine"):
                view.run["environment"].pop(name, None)
            view.run["environment"] |= environment
        found = difference(old, new)
        assert any("processors differ" in note for note in found.notes) is told
        assert found.heads()[-1][:2] == ("processor", "One (X86_V3)")


def test_exit_codes_and_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = written(tmp_path, row(), name="old"), written(tmp_path, row("fail", message="why"), name="new")
    files = {name: tmp_path / f"diff.{name}" for name in ("markdown", "html", "json")}
    assert main(["diff", str(old), str(new), *(f"--{name}={path}" for name, path in files.items())]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "worse: 1 of 1 changes"
    assert json.loads(files["json"].read_text("utf-8"))["changes"][0]["kind"] == "failing"
    assert "newly failing" in files["html"].read_text("utf-8")
    assert "newly failing" in files["markdown"].read_text("utf-8")
    assert main(["diff", str(new), str(old)]) == 0
    assert main(["diff", str(old), str(new), "--json=-"]) == 1
    printed = capsys.readouterr().out
    assert json.loads(printed[printed.index("{\n") :])["worse"] == 1
    assert main(["diff", str(old), str(tmp_path / "absent")]) == 2
    with pytest.raises(SystemExit):
        main(["diff", str(old), str(new), "--factor", "0.5"])


def test_the_page_tells_what_changed(tmp_path: Path) -> None:
    old, new = written(tmp_path, row(), name="old"), written(tmp_path, row("fail", message="why"), name="new")
    page = tmp_path / "report.html"
    assert main(["report", str(new), "--html", str(page), "--against", str(old)]) == 0
    text = page.read_text("utf-8")
    assert "What changed" in text
    assert "worse: 1 of 1 changes" in text
