"""Text of others is shown and never obeyed: in HTML, Markdown, XML, CSV, on a terminal, whatever a file says."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from conformance.report import badge, changes, html, junit, markdown, reproduced, table, tabular, text
from conformance.report.difference import difference
from conformance.report.scripts import Scripts
from conformance.report.view import View, opened
from conformance.results import Results, ResultsError
from tests.report import samples
from tests.test_results import FOLDER, ROWS, described

#: What there is to write, each from a view.
WRITERS: dict[str, Callable[[View], str]] = {
    "html": lambda view: html.page(view, Scripts(), difference(view, view)),
    "changed": lambda view: changes.html(difference(View(Results(view.run, [])), view)),
    "markdown": lambda view: markdown.summary(view, difference(View(Results(view.run, [])), view)),
    "junit": junit.document,
    "badge": badge.picture,
    "endpoint": badge.endpoint,
    "csv": tabular.document,
    "json": lambda view: changes.json(difference(View(Results(view.run, [])), view)),
    "terminal": lambda view: terminal(view),
}


def terminal(view: View) -> str:
    output = io.StringIO()
    console = Console(file=output, width=100)
    table.draw(view.results, console)
    changes.draw(difference(View(Results(view.run, [])), view), console)
    reproduced.overview(view, console)
    return output.getvalue()


class Page(HTMLParser):
    """What a browser would make of a page: elements, and what could run or be fetched."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.wrong: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attributes:
            address = name in ("href", "src", "action", "srcset", "data", "formaction")
            if name.startswith("on") or (address and not re.match(r"#|https?://|data:,$", value or "")):
                self.wrong.append(f"{tag} {name}={value}")


def spoilt(folder: Path, *but: str) -> View:
    """A view of results in which every text is hostile, but for that under some keys."""
    document = json.loads(samples.written(folder).read_text("utf-8"))
    document["run"], document["results"] = (samples.hostile(document[name], but) for name in ("run", "results"))
    names = [*document["run"]["records"]]
    document["run"]["records"][names[0] + samples.HOSTILE] = document["run"]["records"].pop(names[0])
    path = folder / "hostile.json"
    path.write_text(json.dumps(document), "utf-8")
    return View(opened(path))


def test_no_text_becomes_an_element(tmp_path: Path) -> None:
    clean = Page(WRITERS["html"](samples.view(tmp_path)))
    page = WRITERS["html"](spoilt(tmp_path))
    found = Page(page)
    assert found.wrong == clean.wrong == []
    assert found.tags.count("script") == clean.tags.count("script") == 3
    assert "img" not in found.tags
    assert "alert(1)" in page  # shown, not swallowed
    assert Page(WRITERS["changed"](spoilt(tmp_path))).wrong == []


def test_only_the_pages_own_scripts_may_run(tmp_path: Path) -> None:
    page = WRITERS["html"](spoilt(tmp_path))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    assert "default-src 'none'" in policy[1]
    assert "script-src 'sha256-" in policy[1]
    assert "unsafe-inline" not in re.sub(r"style-src [^;]*", "", policy[1])
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert data
    assert json.loads(data[1])["ids"]


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_nothing_unseen_is_written(name: str, tmp_path: Path) -> None:
    told = WRITERS[name](spoilt(tmp_path))
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", told)


def test_markdown_has_no_markup_of_others(tmp_path: Path) -> None:
    known = spoilt(tmp_path, "case", "output", "subject", "clause", "activation")
    cell = next(cell for cell in known.findable() if cell.row["deviations"])
    issue = reproduced.text(known, cell, None, issue=True)
    assert "torch.nn.functional.gelu" in issue
    assert "alert" in issue
    for told in (WRITERS["markdown"](spoilt(tmp_path)), issue):
        outside = re.sub(r"(?s)^(`{3,})[^`\n]*\n.*?^\1$", "", told, flags=re.MULTILINE)
        outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", outside)
        assert not re.search(r"(?<!\\)<\w", outside)
        assert not re.search(r"(?<!\\)\]\(", outside)


def test_xml_is_read_back(tmp_path: Path) -> None:
    root = ElementTree.fromstring(WRITERS["junit"](spoilt(tmp_path)))
    assert sum(int(suite.attrib["tests"]) for suite in root) == len(samples.rows())
    assert "<script>alert(1)</script>" in (root.findtext(".//failure") or "")


def test_no_cell_of_the_table_is_a_formula(tmp_path: Path) -> None:
    row = {**samples.rows()[1], "message": "=HYPERLINK(1)", "grade": "@x"}
    told = tabular.document(samples.view(tmp_path, row))
    assert "'=HYPERLINK(1)" in told
    assert "'@x" in told


@settings(FOLDER, max_examples=40)
@given(rows=st.lists(ROWS, max_size=3), name=st.sampled_from(sorted(WRITERS)))
def test_any_results_can_be_written(rows: list[dict[str, Any]], name: str, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(Results(described(), rows).document()), "utf-8")
    told = WRITERS[name](View(opened(path)))
    assert told.strip()
    told.encode("utf-8")
    if name in ("html", "changed"):
        assert Page(told).wrong == []


@settings(FOLDER, max_examples=80)
@given(content=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(content)
    with pytest.raises(ResultsError) as refusal:
        opened(path)
    assert "\n" not in str(refusal.value)


@given(st.text())
def test_harmless_text_can_be_printed(raw: str) -> None:
    told = text.harmless(raw)
    told.encode("utf-8")
    assert all(each.isprintable() or each in "\n\t" for each in told)
    assert text.harmless(told) == told


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "https://x y", "//x", 'https://x"onload=']
)
def test_no_such_address_is_followed(address: str) -> None:
    assert text.link(address) is None
    assert text.link("https://example.org/a?b=c#d") == "https://example.org/a?b=c#d"
