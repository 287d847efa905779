"""What is drawn from the results: errors and what they depend on, dropout's rates, the variance shift."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.figures import CLASSES, CONDITIONED
from conformance.report.svg import Plot, decades
from conformance.report.text import figure
from conformance.report.view import DTYPES, View, statement

#: Colours that the style sheet has for series.
COLOURS = 8
FLOAT32_ROUNDOFF = 2.0**-24


@dataclass(frozen=True)
class Picture:
    """One picture, what it shows, and the names of its series: (style, name)."""

    title: str
    caption: str
    svg: str
    legend: Sequence[tuple[str, str]] = ()


def pictures(view: View) -> list[Picture]:
    """Those that the results have something for."""
    every = (*(offsets(view, clause) for clause in CONDITIONED), curve(view), rates(view), shift(view))
    return [picture for picture in every if picture is not None]


def _styles(names: Sequence[str]) -> dict[str, str]:
    return {name: f"s{place % COLOURS}" for place, name in enumerate(names)}


# ------------------------------------------------------------------ normalization


def offsets(view: View, clause: str) -> Picture | None:
    """Error of a normalized value against |mean|/deviation, a line for each api of a framework, in float32."""
    series: dict[str, dict[float, float]] = {}
    bounds: dict[float, float] = {}
    for cell in view.cells:
        if cell.row["clause"] == clause and cell.row["subject"]["dtype"] == "float32":
            name = f"{cell.row['subject']['backend']} {cell.row['subject']['api']}"
            for place, found in cell.row["offsets"].items():
                at, error, bound = _number(place), float(found["error"]), float(found["bound"])
                if 0 < bound < math.inf and -2 <= at <= 6:
                    line = series.setdefault(name, {})
                    line[at] = max(line.get(at, 0.0), error)
                    bounds[at] = max(bounds.get(at, 0.0), bound)
    if not series:
        return None
    plot = Plot(
        f"{clause}: error against mean over deviation", (-2, 5.5), (-9, 3), "|mean| / deviation", "error of y / gain"
    )
    plot.axes(decades(-2, 5), decades(-9, 3))
    plot.line([(at, math.log10(bounds[at])) for at in sorted(bounds)], "bound", "the bound")
    ratios = [each / 4 for each in range(-8, 23)]
    plot.line([(at, math.log10(FLOAT32_ROUNDOFF) + max(0.0, 2 * at)) for at in ratios], "onepass", "one pass")
    styles = _styles(sorted(series))
    for name, line in sorted(series.items()):
        places = [(at, math.log10(line[at])) for at in sorted(line) if line[at] > 0]
        plot.line(places, styles[name])
        told = f"{name}: error {{:.2g}} at {{:.2g}}"
        plot.points(((x, y, told.format(10**y, 10**x)) for x, y in places), styles[name])
    legend = [
        ("bound", "bound"),
        ("onepass", "u (mean/deviation)²"),
        *((style, name) for name, style in styles.items()),
    ]
    caption = (
        f"{clause}, float32: the largest error of a normalized value, by how far the mean is from zero. A sound layer "
        "stays below the bound, which grows with the ratio, because the input itself is rounded; E[x²] - E[x]² in one "
        "pass loses its square. This is what the grades stable and one-pass mean."
    )
    return Picture(f"Error against |mean|/deviation: {_layer(clause)}", caption, plot.drawn(), legend)


def _layer(clause: str) -> str:
    return "batch normalization" if clause.startswith("BN") else "layer normalization"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


# ------------------------------------------------------------------ distributions


def spread(view: View) -> tuple[list[str], list[tuple[str, list[tuple[str, int]]]]]:
    """Titles of the classes of error over bound; backend and dtype -> (share as text, depth of colour) a class."""
    sums: dict[tuple[str, str], list[int]] = {}
    for cell in view.cells:
        counts = cell.row["spread"]
        if len(counts) == len(CLASSES) + 1:
            name = (cell.row["subject"]["backend"], cell.row["subject"]["dtype"])
            sums[name] = [one + other for one, other in zip(sums.get(name, [0] * len(counts)), counts, strict=True)]
    order = sorted(sums, key=lambda name: (_rank(name[0], view.backends), _rank(name[1], DTYPES)))
    titles = [f"≤ {end:g}" for end in CLASSES] + [f"> {CLASSES[-1]:g}"]
    beyond = [end > 1 for end in (*CLASSES, math.inf)]
    return titles, [
        (" ".join(name), [_share(*each, sum(sums[name])) for each in zip(sums[name], beyond, strict=True)])
        for name in order
    ]


def _rank(name: str, order: Sequence[str]) -> tuple[int, str]:
    return (order.index(name) if name in order else len(order), name)


def _share(count: int, beyond: bool, total: int) -> tuple[str, int]:
    """The share as text, and the depth of its colour: another colour beyond the bound."""
    share = 100 * count / max(1, total)
    if not count:
        return "", 0
    text = f"{share:.0f}%" if share >= 9.95 else f"{share:.1f}%" if share >= 0.1 else figure(share, 1) + "%"
    if beyond:
        return text, 6 if share < 1 else 7
    return text, min(5, max(1, round(1.7 + 1.7 * math.log10(max(share, 0.01)))))


# ------------------------------------------------------------------ activations


def heat(view: View, output: str) -> tuple[list[tuple[str, str]], list[tuple[str, list[tuple[str, int, str]]]]]:
    """Columns (backend, dtype); activation -> (ulps as text, depth of colour, where) a column: the worst of all."""
    worst: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    for cell in view.cells:
        found = cell.row["ulps"].get(output)
        if found is not None and cell.row["activation"]:
            subject = cell.row["subject"]
            name = (cell.row["activation"], subject["backend"], subject["dtype"])
            if name not in worst or float(found["ulps"]) > float(worst[name]["ulps"]):
                worst[name] = {**found, "subject": cell.subject}
    columns = sorted({name[1:] for name in worst}, key=lambda c: (_rank(c[0], view.backends), _rank(c[1], DTYPES)))
    lines = []
    for activation in sorted({name[0] for name in worst}):
        lines.append((activation, [_heated(worst.get((activation, *column))) for column in columns]))
    return columns, lines


def _heated(found: Mapping[str, Any] | None) -> tuple[str, int, str]:
    if found is None:
        return "", 0, ""
    value = float(found["ulps"])
    text = figure(value, 2 if value < 10 else 1) if value < 1e3 else figure(value, 1)
    text = text.replace("e+0", "e").replace("e+", "e")
    depth = 7 if math.isinf(value) or value != value else min(7, max(0, round(2 * math.log10(max(value, 0.1)) + 1)))
    where = f"{found['subject']}: {figure(value)} ulps"
    if found["x"] is not None:
        where += (
            f" at x = {figure(found['x'], 9)}: got {figure(found['got'], 9)}, expected {figure(found['expected'], 9)}"
        )
    return text, depth, where


def curve(view: View, preferred: str = "gelu") -> Picture | None:
    """The error of one activation over its input, in float32: a line for each api of a framework."""
    series: dict[str, dict[str, dict[str, float]]] = {}
    for cell in view.cells:
        found = cell.row["ulps"].get("y", {}).get("curve")
        if found and cell.row["activation"] and cell.row["subject"]["dtype"] == "float32":
            name = f"{cell.row['subject']['backend']} {cell.row['subject']['api']}"
            line = series.setdefault(cell.row["activation"], {}).setdefault(name, {})
            for place, value in found.items():
                line[place] = max(line.get(place, 0.0), float(value))
    if not series:
        return None
    activation = preferred if preferred in series else min(series)
    plot = Plot(f"{activation}: error in ulps over x", (-17, 17), (-2, 9), "x", "error in ulps")
    marks = (-6, -3, 0, 3, 6)
    plot.axes([(s * (e + 9), f"{'-' * (s < 0)}2^{e}") for s in (-1, 1) for e in marks], decades(-2, 9))
    styles = _styles(sorted(series[activation]))
    for name, line in sorted(series[activation].items()):
        for sign in (-1, 1):
            places = sorted(_binades(line, sign))
            plot.line(places, styles[name])
            plot.points(((x, y, f"{name}: {10**y:.2g} ulps") for x, y in places), styles[name])
    caption = (
        f"{activation} in float32: the largest error in each binade of x, in units in the last place; on both sides of "
        "zero, from 2^-8 to 2^7. What is infinite is drawn at the upper edge."
    )
    return Picture(f"Error over the input: {activation}", caption, plot.drawn(), [(s, n) for n, s in styles.items()])


def _binades(line: Mapping[str, float], sign: int) -> Iterator[tuple[float, float]]:
    for place, value in line.items():
        exponent = _number(place[1:])
        if place[:1] == ("-" if sign < 0 else "+") and -8 <= exponent <= 7:
            yield sign * (exponent + 9), 9.0 if math.isinf(value) else math.log10(max(value, 0.01))


# ------------------------------------------------------------------ dropout


def rates(view: View) -> Picture | None:
    """Measured rates of dropping against p: how far from p, in standard errors, with exact intervals."""
    from scipy.stats import beta

    found: dict[str, list[tuple[float, float, float, float]]] = {}
    for cell in view.cells:
        for test in cell.row["statistics"] if cell.row["clause"] == "DO.rate" else ():
            rate, kept, trials, alpha = (
                float(test.get(name, "nan")) for name in ("rate", "count", "trials", "false_alarm")
            )
            if 0 < rate < 1 and 0 <= kept <= trials and trials > 0 and 0 < alpha < 1:
                dropped, unit = trials - kept, math.sqrt(rate * (1 - rate) / trials)
                low = float(beta.ppf(alpha / 2, dropped, kept + 1)) if dropped else 0.0
                high = float(beta.isf(alpha / 2, dropped + 1, kept)) if kept else 1.0
                name = cell.row["subject"]["backend"]
                found.setdefault(name, []).append((rate, *_scaled(rate, unit, dropped / trials, low, high)))
    if not found:
        return None
    every = sorted({each[0] for tests in found.values() for each in tests})
    plot = Plot(
        "dropout: measured rate against p", (-0.6, len(every) - 0.4), (-12, 12), "p", "(measured - p) / standard error"
    )
    plot.axes([(place, f"{rate:g}") for place, rate in enumerate(every)], [(v, f"{v:g}") for v in range(-12, 13, 4)])
    plot.line([(-0.6, 0), (len(every) - 0.4, 0)], "bound")
    names = [name for name in view.backends if name in found]
    styles = _styles(names)
    for number, name in enumerate(names):
        beside = 0.7 * ((number + 0.5) / len(names) - 0.5)
        for rate in every:
            tests = [each for each in found[name] if each[0] == rate]
            for place, (_, at, low, high) in enumerate(tests):
                x = every.index(rate) + beside + 0.5 / len(names) * ((place + 0.5) / len(tests) - 0.5)
                plot.whisker(x, low, high, f"{styles[name]} thin")
                plot.points([(x, at, f"{name}, p = {rate:g}: {at:+.2f} standard errors")], styles[name])
    caption = (
        "The rate at which elements were dropped, less p, in standard errors of a conforming layer. Whiskers: the "
        "exact interval (Clopper and Pearson) at the test's own false-alarm probability; the line at 0 runs through "
        "all that conform."
    )
    return Picture("Dropout: measured rate against p", caption, plot.drawn(), [(s, n) for n, s in styles.items()])


def _scaled(rate: float, unit: float, at: float, low: float, high: float) -> tuple[float, float, float]:
    return (at - rate) / unit, (low - rate) / unit, (high - rate) / unit


def shift(view: View) -> Picture | None:
    """The variance that inference meets over the one that training learnt, predicted and measured."""
    found: dict[str, set[tuple[float, float]]] = {}
    for cell in view.cells:
        for test in cell.row["statistics"] if cell.row["clause"] == "NET.variance-shift" else ():
            predicted, measured = (float(test.get(name, "nan")) for name in ("predicted", "measured"))
            if 0 < predicted < math.inf and 0 < measured < math.inf:
                found.setdefault(cell.row["subject"]["backend"], set()).add(
                    (math.log10(predicted), math.log10(measured))
                )
    if not found:
        return None
    top = max(1.0, *(max(pair) for pairs in found.values() for pair in pairs)) + 0.1
    plot = Plot("variance shift", (-0.1, top), (-0.1, top), "predicted factor (Li et al.)", "measured factor")
    ticks = [(math.log10(v), figure(v)) for v in (1, 2, 5, 10, 20, 50, 100, 1000) if math.log10(v) <= top]
    plot.axes(ticks, ticks)
    plot.line([(0, 0), (top, top)], "bound")
    names = [name for name in view.backends if name in found]
    styles = _styles(names)
    for name in names:
        told = f"{name}: {{:.4g}}, predicted {{:.4g}}"
        plot.points(((x, y, told.format(10**y, 10**x)) for x, y in sorted(found[name])), styles[name])
    caption = statement("NET.variance-shift")["statement"] or "Dropout before batch normalization."
    return Picture("Variance shift: predicted and measured", caption, plot.drawn(), [(s, n) for n, s in styles.items()])
