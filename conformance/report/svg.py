"""Inline SVG: axes, lines and points on linear or logarithmic scales. Colours come from the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from conformance.report.text import attribute

Point = tuple[float, float]
Ticks = Sequence[tuple[float, str]]


def power(exponent: float) -> str:
    """A power of ten as a label: 0.01, 1, 100, then 1e-5 and the like."""
    return f"{10.0**exponent:g}" if -3 < exponent < 4 else f"1e{exponent:g}"


@dataclass
class Plot:
    """A picture with two axes; what is drawn outside of them is clipped to their ends."""

    title: str
    across: tuple[float, float]
    up: tuple[float, float]
    x_label: str
    y_label: str
    width: int = 560
    height: int = 340
    parts: list[str] = field(default_factory=list)

    left, right, top, bottom = 62, 14, 12, 44

    def x(self, value: float) -> float:
        return self._scaled(value, self.across, self.left, self.width - self.right)

    def y(self, value: float) -> float:
        return self._scaled(value, self.up, self.height - self.bottom, self.top)

    def _scaled(self, value: float, ends: Point, low: float, high: float) -> float:
        share = (value - ends[0]) / (ends[1] - ends[0])
        return round(low + min(1.02, max(-0.02, share)) * (high - low), 1)

    def axes(self, across: Ticks, up: Ticks) -> None:
        for value, label in up:
            y = self.y(value)
            self.parts.append(f'<path class="grid" d="M{self.left} {y}H{self.width - self.right}"/>')
            self.parts.append(f'<text class="tick end" x="{self.left - 6}" y="{y + 4}">{attribute(label)}</text>')
        floor = self.height - self.bottom
        for value, label in across:
            x = self.x(value)
            self.parts.append(f'<path class="grid" d="M{x} {self.top}V{floor}"/>')
            self.parts.append(f'<text class="tick middle" x="{x}" y="{floor + 16}">{attribute(label)}</text>')
        middle = (self.left + self.width - self.right) / 2
        self.parts.append(
            f'<text class="label middle" x="{middle}" y="{self.height - 8}">{attribute(self.x_label)}</text>'
        )
        up_at = (self.top + floor) / 2
        self.parts.append(
            f'<text class="label middle" transform="translate(14 {up_at}) rotate(-90)">{attribute(self.y_label)}</text>'
        )

    def line(self, points: Iterable[Point], style: str, title: str = "") -> None:
        places = [f"{self.x(x)} {self.y(y)}" for x, y in points if math.isfinite(x) and math.isfinite(y)]
        if len(places) > 1:
            self.parts.append(f'<path class="line {style}" d="M{" L".join(places)}">{_title(title)}</path>')

    def points(self, points: Iterable[tuple[float, float, str]], style: str) -> None:
        """Dots, each with what it is."""
        for x, y, title in points:
            if math.isfinite(x) and math.isfinite(y):
                told = _title(title)
                self.parts.append(
                    f'<circle class="dot {style}" cx="{self.x(x)}" cy="{self.y(y)}" r="3.2">{told}</circle>'
                )

    def whisker(self, x: float, low: float, high: float, style: str) -> None:
        self.parts.append(f'<path class="line {style}" d="M{self.x(x)} {self.y(low)}V{self.y(high)}"/>')

    def note(self, x: float, y: float, text: str, style: str = "") -> None:
        self.parts.append(f'<text class="tick {style}" x="{self.x(x)}" y="{self.y(y)}">{attribute(text)}</text>')

    def drawn(self) -> str:
        box = f'viewBox="0 0 {self.width} {self.height}" role="img" aria-label="{attribute(self.title)}"'
        return f'<svg class="plot" {box}>{"".join(self.parts)}</svg>'


def _title(text: str) -> str:
    return f"<title>{attribute(text)}</title>" if text else ""


def decades(low: float, high: float, most: int = 8) -> list[tuple[float, str]]:
    """Ticks at powers of ten; the values are logarithms."""
    first, last = math.floor(low), math.ceil(high)
    step = max(1, math.ceil((last - first) / most))
    return [(float(each), power(each)) for each in range(first, last + 1, step)]
