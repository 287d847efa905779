"""What the report writes beside the page: a summary, JUnit, badges, a table; and the pictures say what was measured."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from conformance.cli import main
from conformance.report import badge, dialects, junit, markdown, pictures, tabular
from conformance.report.html import mark, page
from conformance.report.scripts import Scripts
from conformance.report.view import Cell, identifier
from tests.report import samples
from tests.report.samples import subject, view, written
from tests.test_results import row


def test_all_at_once(tmp_path: Path) -> None:
    names = {
        "html": "report.html",
        "markdown": "summary.md",
        "junit": "junit.xml",
        "badge": "badge.svg",
        "csv": "c.csv",
    }
    arguments = [each for option, name in names.items() for each in (f"--{option}", str(tmp_path / name))]
    assert main(["report", str(written(tmp_path)), *arguments]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"results.json", *names.values()}
    assert all((tmp_path / name).stat().st_size for name in names.values())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "nothing to write: name a file with --html, --markdown, --junit, --badge or --csv"),
        (["--html", "nowhere/report.html"], "cannot write nowhere/report.html: No such file or directory"),
        (["--html", "."], "cannot write ."),
        (["--html", "r.html", "--against", "absent"], "cannot read absent: No such file or directory"),
    ],
)
def test_refused(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["report", str(written(tmp_path)), *arguments]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_a_record_that_no_case_met_is_told(tmp_path: Path) -> None:
    found = view(tmp_path, row(), stale=["gone"], unmet=["rare", "<b>"], elsewhere=["of-onednn"])
    assert "- record `rare`: met by no case of this run; its script still shows it" in markdown.summary(found)
    told = page(found, Scripts())
    assert "still shown by their scripts: <code>rare</code>, <code>&lt;b&gt;</code>." in told
    assert "<code>gone</code> matched nothing" in told
    assert "- record `of-onednn`: of kernels that are perhaps not taken here, and not met" in markdown.summary(found)
    assert "of kernels that are perhaps not taken on this machine, and not met: <code>of-onednn</code>." in told


def test_summary_has_the_most_important_first_and_an_end(tmp_path: Path) -> None:
    told = markdown.summary(view(tmp_path))
    assert told.startswith("# ❌ Conformance: does not conform: 2 of 8")
    order = [
        told.index(each) for each in ("numpy **", "## 2 failures", "SIGFPE", "## Clauses", "recorded deviations met")
    ]
    assert order == sorted(order)
    many = [row("fail", f"ZZ.{n}", subject=subject(), message="x" * 5000) for n in range(400)]
    assert len(markdown.summary(view(tmp_path, *many)).encode()) < 1_000_000
    assert "The rest is in results.json" in markdown.summary(
        view(tmp_path, *[row(clause=f"ZZ.{n}{'z' * 250}", subject=subject()) for n in range(4000)])
    )


def test_junit_has_a_case_for_each_cell(tmp_path: Path) -> None:
    root = ElementTree.fromstring(junit.document(view(tmp_path)))
    suites = {suite.attrib["name"]: suite for suite in root}
    torch = suites["conformance.torch"]
    assert [torch.attrib[name] for name in ("tests", "failures", "errors", "skipped")] == ["5", "1", "1", "0"]
    assert suites["conformance.jax"].attrib["skipped"] == "2"
    failure = torch.find("testcase/failure")
    assert failure is not None
    assert failure.attrib["message"] == "LN.output: no"
    assert "torch.nn.functional.gelu(x)" in (failure.text or "")
    assert torch.findtext("testcase/system-out") == "recorded deviation: torch-gelu-cancels"
    assert "testcase" in {element.tag for element in torch}


@pytest.mark.parametrize(
    ("rows", "changes", "told", "colour"),
    [
        (samples.rows(), {}, "2 of 7 fail", "red"),
        ([row(), row(clause="LN.output")], {}, "2 pass", "brightgreen"),
        ([row(), samples.rows()[2]], {}, "1 pass, 1 known", "brightgreen"),
        ([row()], {"complete": False}, "incomplete", "red"),
        ([row()], {"stale": ["gone"]}, "stale record", "red"),
        ([row("unsupported")], {}, "nothing run", "lightgrey"),
    ],
)
def test_badge(
    rows: list[dict[str, object]], changes: dict[str, object], told: str, colour: str, tmp_path: Path
) -> None:
    found = view(tmp_path, *rows, **changes)
    assert json.loads(badge.endpoint(found)) == {
        "schemaVersion": 1, "label": "conformance", "message": told, "color": colour,
    }  # fmt: skip
    assert ElementTree.fromstring(badge.picture(found)).attrib["aria-label"] == f"conformance: {told}"


def test_table(tmp_path: Path) -> None:
    found = view(tmp_path)
    lines = list(csv.DictReader(io.StringIO(tabular.document(found))))
    assert [line["id"] for line in lines] == [cell.id for cell in found.cells]
    assert {line["verdict"] for line in lines} == {cell.verdict for cell in found.cells}


def test_an_id_is_the_same_in_every_run() -> None:
    assert identifier(row(subject=subject(), activation="gelu")) == identifier(
        row("fail", subject=dict(reversed(subject().items())), activation="gelu", worst=7.0)
    )
    assert identifier(row(subject=subject())) != identifier(row(subject=subject(dtype="float64")))
    assert identifier(row(subject=subject(api="a b"))) != identifier(row(subject=subject(api="a", mode="b eager")))


def test_marks() -> None:
    assert mark(Cell(row(worst=0.41))) == ".41"
    assert mark(Cell(row(worst=0.999))) == "1.0"
    assert mark(Cell(row(worst=0.0))) == "✓"
    assert mark(Cell(row("fail"))) == "✕"
    assert mark(Cell(row("deviation", grade="one-pass"))) == "1p"
    assert mark(Cell(row("deviation", grade=None))) == "≠"


def test_pictures_show_what_was_measured(tmp_path: Path) -> None:
    found = view(tmp_path)
    titles = {picture.title: picture for picture in pictures.pictures(found)}
    assert set(titles) == {
        "Error against |mean|/deviation: batch normalization",
        "Error over the input: gelu",
        "Dropout: measured rate against p",
        "Variance shift: predicted and measured",
    }
    assert "torch nn.functional: error 1e-07 at 1" in titles["Error against |mean|/deviation: batch normalization"].svg
    assert "torch nn.functional: 77 ulps" in titles["Error over the input: gelu"].svg
    assert "torch, p = 0.5: +0.00 standard errors" in titles["Dropout: measured rate against p"].svg
    assert "jax: 2.01, predicted 2" in titles["Variance shift: predicted and measured"].svg
    classes, shares = pictures.spread(found)
    assert len(classes) == 11
    assert shares == [("torch float32", [("", 0), ("3.6%", 3), *shares[0][1][2:]])]
    columns, lines = pictures.heat(found, "y")
    assert columns == [("torch", "float32")]
    assert lines[0][0] == "gelu"
    assert lines[0][1][0][0] == "8e1"
    for picture in titles.values():
        ElementTree.fromstring(picture.svg)


def test_results_without_figures_have_no_pictures(tmp_path: Path) -> None:
    assert pictures.pictures(view(tmp_path, row())) == []


def test_dialects_stand_beside_what_was_measured(tmp_path: Path) -> None:
    update = row(clause="BN.running.update", subject=subject())
    ((name, values),) = dialects.dialects(view(tmp_path, update, row(clause="LN.output", subject=subject())))
    told = dict(zip([title for title, _ in dialects.CHOICES], values, strict=True))
    assert name == "torch nn.functional"
    assert told["momentum weighs"] == ("the new statistic", "BN.running.update: 1 of 1 conform")
    assert told["running variance divides by"][0] == "n-1"
    assert told["dropout at p = 1"] == ("", "")
