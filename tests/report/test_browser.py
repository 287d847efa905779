"""The page in a real browser: filter, open a cell, copy a reproducer, keyboard, phone, dark; no error, no request.

Chromium is Debian's or any that CHROMIUM names; where there is none these tests say so and skip.
"""

from __future__ import annotations

import copy
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.report import html
from conformance.report.scripts import Scripts
from conformance.report.view import View
from tests.report import samples
from tests.report.test_harmless import spoilt

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("no Chromium: install Debian's, or name one in CHROMIUM", allow_module_level=True)
sync = pytest.importorskip("playwright.sync_api", reason="no Playwright: python -m pip install playwright")

#: What a page with so many cells may take: bytes, and seconds of the browser's main thread.
MANY, BYTES, SECONDS = 20_000, 8_000_000, 1.0


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


class Opened:
    """A page, and everything that it complained of or asked for."""

    def __init__(self, browser: Any, path: Path, **options: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1400, "height": 900}, **options})
        self.page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on("console", lambda message: self.wrong.append(message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.wrong.append("a dialog"), dialog.dismiss()))
        self.page.on("request", lambda request: self._requested(request.url))
        self.page.goto(path.as_uri())

    def _requested(self, address: str) -> None:
        if not address.startswith(("file:", "data:")):
            self.wrong.append(f"request {address}")

    def __enter__(self) -> Any:
        return self.page

    def __exit__(self, kind: object, *_: object) -> None:
        self.context.close()
        if kind is None:
            assert self.wrong == []


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    return saved(samples.view(folder), folder)


def saved(view: View, folder: Path) -> Path:
    path = folder / "report.html"
    path.write_text(html.page(view, Scripts()), "utf-8")
    return path


def test_filter_sort_and_search(browser: Any, report: Path) -> None:
    with Opened(browser, report) as page:
        shown = page.locator("#shown")
        assert shown.inner_text() == "8 cells"
        page.select_option("select[data-axis=backend]", "jax")
        assert shown.inner_text() == "3 cells"
        assert page.locator(".m td.fail").is_hidden()
        page.select_option("select[data-axis=backend]", "")
        page.select_option("#verdicts", "deviation")
        assert page.locator(".m tbody tr:visible").count() == 1
        page.click("#reset")
        page.fill("#find", "gelu-cancels")
        sync.expect(shown).to_have_text("1 cells")
        assert page.locator(".m tbody tr:visible th").inner_text() == "ACT.value gelu"
        page.click("#reset")
        page.select_option("#order", "verdict")
        normalization = page.locator(".layer:visible", has_text="batch normalization").locator("tbody th")
        assert normalization.all_inner_texts() == ["BN.empty", "BN.train.output"]


def test_a_cell_is_opened_and_its_reproducer_copied(browser: Any, report: Path) -> None:
    with Opened(browser, report, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.click(".m td.deviation")
        opened = page.locator("dialog[open]")
        assert "ACT.value" in opened.inner_text()
        assert "The tail is lost." in opened.inner_text()
        assert "https://example.org/1" in opened.inner_text()
        assert "-1.09e-43" in opened.inner_text()
        opened.locator("button.copy").click()
        sync.expect(opened.locator("button.copy")).to_have_text("copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == opened.locator("pre").inner_text()
        assert "torch.nn.functional.gelu(x)" in copied
        compile(copied, "copied", "exec")
        page.keyboard.press("Escape")
        assert opened.count() == 0


def becomes(page: Any, condition: str) -> None:
    """Wait until it is so: a browser on a busy machine answers a key a little later."""
    page.wait_for_function(condition, timeout=10_000)


def test_keyboard_alone(browser: Any, report: Path) -> None:
    with Opened(browser, report) as page:
        page.keyboard.press("Tab")
        becomes(page, "document.activeElement.textContent === 'Skip to the matrix'")
        for _ in range(80):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('.m td[id]')"):
                break
        else:
            pytest.fail("the matrix is not reached by the Tab key")
        first = page.evaluate("document.activeElement.id")
        page.keyboard.press("ArrowDown")
        becomes(page, f"document.activeElement.id && document.activeElement.id !== {first!r}")
        second = page.evaluate("document.activeElement.id")
        assert "torch" in page.evaluate("document.activeElement.getAttribute('aria-label')")
        page.keyboard.press("Enter")
        becomes(page, "document.querySelectorAll('dialog[open]').length === 1")
        becomes(page, "document.activeElement.className === 'close'")
        page.keyboard.press("Enter")
        becomes(page, "document.querySelectorAll('dialog[open]').length === 0")
        becomes(page, f"document.activeElement.id === {second!r}")
        page.keyboard.press("ArrowUp")
        becomes(page, f"document.activeElement.id === {first!r}")


def test_a_link_to_a_cell_opens_it(browser: Any, report: Path) -> None:
    with Opened(browser, report) as page:
        name = page.locator("#failures a").first.get_attribute("href")
        page.goto(f"{report.as_uri()}{name}")
        page.reload()
        assert page.locator("dialog[open]").inner_text().count(name.removeprefix("#"))


def test_without_javascript_the_cells_are_written_out(browser: Any, report: Path) -> None:
    with Opened(browser, report, java_script_enabled=False) as page:
        assert page.locator("#cells").is_visible()
        assert page.locator(".tools").is_hidden()
        page.click(".m td.deviation a")
        assert "torch.nn.functional.gelu(x)" in page.locator("article:target").text_content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_the_page_fits_and_can_be_read(width: int, scheme: str, browser: Any, report: Path) -> None:
    with Opened(browser, report, viewport={"width": width, "height": 900}, color_scheme=scheme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        paper, ink = page.evaluate("(s => [s.backgroundColor, s.color])(getComputedStyle(document.body))")
        assert contrast(paper, ink) > 7
        for verdict in ("pass", "deviation", "fail", "undecided"):
            cell = page.locator(f".m td.{verdict}").first
            colours = cell.evaluate("td => (s => [s.backgroundColor, s.color])(getComputedStyle(td))")
            assert contrast(*colours) > 4.5 if verdict != "fail" else contrast(*colours) > 3.5
        page.click(".m td.fail")
        assert page.locator("dialog").bounding_box()["width"] <= width


def contrast(one: str, other: str) -> float:
    """The ratio of the luminances of two colours, as WCAG 2.2 defines it."""

    def luminance(colour: str) -> float:
        parts = [float(each) / 255 for each in colour[colour.index("(") + 1 : -1].split(",")[:3]]
        linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_hostile_text_runs_nothing(browser: Any, tmp_path: Path) -> None:
    with Opened(browser, saved(spoilt(tmp_path), tmp_path)) as page:
        for number in range(page.locator(".m td[id]").count()):
            page.evaluate(f"document.querySelectorAll('.m td[id]')[{number}].click()")
            assert page.locator("dialog[open]").count() == 1
            page.keyboard.press("Escape")
        assert page.locator("img").count() == 0


def test_twenty_thousand_cells_open_within_a_second(browser: Any, tmp_path: Path) -> None:
    rows = samples.rows()
    many = []
    for number in range(MANY):
        each = copy.copy(rows[number % len(rows)])
        each["subject"] = {**each["subject"], "api": f"api{number // len(rows) % 40}", "dtype": f"d{number // 320 % 2}"}
        each["clause"] = f"{each['clause'].partition('.')[0]}.made{number // 640}"
        many.append(each)
    path = saved(samples.view(tmp_path, *many), tmp_path)
    assert path.stat().st_size < BYTES
    with Opened(browser, path) as page:
        assert page.locator("#shown").inner_text() == f"{MANY} cells"
        client = page.context.new_cdp_session(page)
        # The processor time of the page's main thread: a busy machine does not make it longer.
        client.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.reload()
        metrics = {each["name"]: each["value"] for each in client.send("Performance.getMetrics")["metrics"]}
        assert metrics["TaskDuration"] < SECONDS
