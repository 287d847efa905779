"""Cost against the number of examples, of subjects and of elements: straight lines, or something is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import numpy as np

from adapters.base import LayerNorm
from benchmarks.measure import examinations, forget, processor
from conformance import profiles, suite
from conformance.expectation import worked_out
from conformance.regimes import fill

Line = list[tuple[float, float]]


def examples() -> Line:
    found = []
    (exam, *_) = examinations("numpy", "LN.grad", api="control")
    usual = profiles.PROFILES["ci"]
    for count in (6, 12, 24, 48, 96):
        forget()
        profiles.PROFILES["ci"] = hypothesis.settings(usual, max_examples=count)
        with processor() as spent:
            suite.tests()["LN.grad"](exam)
        found.append((count, spent[0]))
    profiles.PROFILES["ci"] = usual
    return found


def subjects() -> Line:
    found, total = [], 0.0
    forget()
    for number, exam in enumerate(examinations("torch", "LN.grad", "NE.grad", "ACT.grad", "ACT.value"), 1):
        exam.adapter.prepare("cpu")
        with processor() as spent:
            suite.tests()[exam.clause.id](exam)
        total += spent[0]
        found.append((number, total))
    return found[1:]


def elements() -> Line:
    found = []
    for rows in (500, 1000, 2000, 4000, 8000, 16000):
        x, dy = (fill("normal", (rows, 64), seed, "float32") for seed in (1, 2))
        case = LayerNorm(x=x, gain=None, bias=None, eps=1e-5, normalized_rank=1, dy=dy)
        exam = next(iter(examinations("numpy", "LN.grad")))
        with processor() as spent:
            for _ in range(3):
                worked_out(case, "float32", exam.dialect)
        found.append((x.size, spent[0] / 3))
    return found


HEAD = ["number of", "from", "ms each", "ms besides", "R²"]
LINES = {"examples": examples, "subjects": subjects, "elements": elements}


def rows(plot: Path | None = None) -> Iterator[list[str]]:
    lines = dict[str, Line]()
    for name, make in LINES.items():
        points = lines[name] = make()
        x, y = np.array(points).T
        slope, start = np.polyfit(x, y, 1)
        straight = np.corrcoef(x, y)[0, 1] ** 2
        yield ([name, f"{x[0]:.0f} to {x[-1]:.0f}", f"{slope * 1e3:.3g}", f"{start * 1e3:.3g}", f"{straight:.3f}"])
    if plot is not None:
        draw(lines, plot)


def draw(lines: dict[str, Line], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3), layout="constrained")
    for axes, (name, points) in zip(figure.subplots(1, len(lines)), lines.items(), strict=True):
        x, y = np.array(points).T
        axes.plot(x, y, "o", x, np.polyval(np.polyfit(x, y, 1), x), "-")
        axes.set(xlabel=name, ylabel="CPU s", xlim=(0, None), ylim=(0, None))
    figure.savefig(path)
