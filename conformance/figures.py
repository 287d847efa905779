"""Figures for people, kept while a clause is judged and drawn by the report: none of them decides a verdict.

Each is taken from the comparison that was made anyway; nothing is computed twice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from adapters.base import BatchNorm, Case, LayerNorm
from conformance.judge import Comparison

Array = np.ndarray[Any, np.dtype[Any]]

#: Upper ends of the classes of error over bound; the last class is open.
CLASSES = (1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 10.0, 1e3)
_ENDS = np.array(CLASSES)
#: Binades around 1 that a curve over the input has: beyond, functions are straight or constant.
BINADES = 12
#: What the error of a normalization is told by: the statistics' own output.
CONDITIONED = ("BN.train.output", "LN.output")


def spread(comparison: Comparison) -> list[int]:
    """How many decided elements have an error over bound in each of the classes (``len(CLASSES) + 1`` counts)."""
    ratio = comparison.ratio[~comparison.undecided]
    counts: list[int] = np.bincount(_ENDS.searchsorted(ratio), minlength=len(CLASSES) + 1).tolist()
    return counts


def closest(case: Case, output: str, comparison: Comparison) -> dict[str, Any]:
    """The element within its bound that comes closest to it."""
    index = comparison.worst_index(~comparison.failing)
    values = {"got": comparison.got, "expected": comparison.expected, "bound": comparison.tolerance}
    told = {name: float(value[index]) for name, value in values.items()}
    return {"output": output, "index": list(index), "regime": case.regime, **told}


def offsets(case: Case, output: str, comparison: Comparison) -> dict[str, dict[str, float]]:
    """The largest error of a normalized value by |mean|/deviation of what it was normalized with.

    Keys: the decimal logarithm of |mean|/deviation in halves, as text. Values: error and bound of the element with the
    largest error, both in units of its gain. Nothing where the statistics have no deviation.
    """
    if output != "y" or not comparison.got.size:
        return {}
    match case:
        case BatchNorm(training=True):
            axes = tuple(axis for axis in range(case.x.ndim) if axis != case.channel_axis % case.x.ndim)
            shape = [size if axis not in axes else 1 for axis, size in enumerate(case.x.shape)]
            gain = None if case.gamma is None else case.gamma.reshape(shape)
        case LayerNorm():
            axes, gain = tuple(range(-case.normalized_rank, 0)), case.gain
        case _:
            return {}
    x = case.x.astype(np.float64)
    with np.errstate(all="ignore"):
        condition = np.abs(x.mean(axes, keepdims=True)) / x.std(axes, keepdims=True)
        place = np.broadcast_to(np.round(2 * np.log10(condition)) / 2, x.shape)
        unit = np.ones(()) if gain is None else np.abs(gain.astype(np.float64))
        error = np.abs(comparison.got - comparison.expected) / unit
        bound = comparison.tolerance / unit
    known = np.isfinite(place) & np.isfinite(error) & np.isfinite(bound) & ~comparison.undecided & (np.abs(place) < 9)
    found = {}
    for each in np.unique(place[known]):
        worst = int(np.argmax(np.where(known & (place == each), error, -1.0)))
        found[f"{each:.1f}"] = {"error": float(error.flat[worst]), "bound": float(bound.flat[worst])}
    return found


def larger(one: Mapping[str, Any], other: Mapping[str, Any], of: str = "error") -> dict[str, Any]:
    """Both tables as one, with the larger figure where both have a key."""
    joined = dict(one)
    for key, value in other.items():
        if key not in joined or value[of] > joined[key][of]:
            joined[key] = value
    return joined


def binades(x: Array, error: Array) -> dict[str, float]:
    """The largest of the errors in each binade of the input near 1: sign and exponent of x, as text -> error.

    ``error``: not negative, inf where an answer is no number.
    """
    value = x.astype(np.float64)
    used = (np.abs(value) >= 2.0**-BINADES) & (np.abs(value) < 2.0**BINADES)
    signed = np.where(value < 0, "-", "+")[used]
    exponent = np.frexp(value[used])[1] - 1
    found: dict[str, float] = {}
    for sign in "-+":
        chosen = signed == sign
        if chosen.any():
            steps, of = exponent[chosen], error[used][chosen]
            worst = np.zeros(int(steps.max() - steps.min()) + 1)
            np.maximum.at(worst, steps - steps.min(), of)
            for step in np.unique(steps):
                found[f"{sign}{step}"] = _short(float(worst[step - steps.min()]))
    return found


def _short(value: float) -> float:
    """Three digits: enough for a curve."""
    return float(f"{value:.3g}") if math.isfinite(value) else value


def widest(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """Both curves as one: the larger error in each binade."""
    return {key: max(one.get(key, 0.0), other.get(key, 0.0)) for key in {**one, **other}}
