"""Errors in units in the last place: how far an answer is from the specification, in steps of the dtype that it has.

A figure for people, no verdict: it counts what is beyond the bound too, and what a recorded deviation excuses. The
specification is computed in float64, so that an error of a float64 answer is known to a few of its own steps alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from adapters.base import Activation, Case
from conformance.bounded import format_of
from conformance.figures import binades, widest
from conformance.judge import Comparison
from reference.activations import ACTIVATIONS

Array = np.ndarray[Any, np.dtype[Any]]

#: What is measured: the value and the gradient of an activation.
OUTPUTS = ("y", "dx")
#: The axes of a line of the table, after the activation.
AXES = ("backend", "api", "mode", "device", "dtype")
#: What the table repeats of a row.
_TOLD = ("ulps", "x", "got", "expected")


def spacing(value: Array, dtype: str) -> Array:
    """The distance from a number to the next of its binade in ``dtype``; below the smallest normal one that of the
    subnormal numbers, beyond the largest that of the last binade.
    """
    kind = format_of(dtype)
    size = np.clip(np.abs(np.nan_to_num(value)), kind.tiny, kind.largest)
    return np.asarray(np.ldexp(kind.roundoff, np.frexp(size)[1]))


def measure(case: Case, output: str, comparison: Comparison, dtype: str) -> dict[str, Any] | None:
    """The largest error of one answer, where it is, and what was got there; None where nothing can be measured.

    A gradient exactly where it jumps is left out: there is no one right number. Of a value ``curve`` tells the largest
    error in each binade of the input.
    """
    if output not in OUTPUTS or not isinstance(case, Activation) or not comparison.got.size:
        return None
    with np.errstate(all="ignore"):
        error = np.abs(comparison.got - comparison.expected) / spacing(comparison.expected, dtype)
    overflown = np.isinf(comparison.got) & ~comparison.failing
    error = np.where(comparison.undecided | overflown | (comparison.got == comparison.expected), 0.0, error)
    error = np.where(np.isnan(error), np.inf, error)
    if output == "dx" and case.x.shape == error.shape:
        entry = ACTIVATIONS[case.name]
        for jump in (*entry.kinks, *entry.bends):
            error = np.where(case.x == jump, 0.0, error)
    index = np.unravel_index(int(np.argmax(error)), error.shape)
    curve = {"curve": binades(case.x, error)} if output == "y" and case.x.shape == error.shape else {}
    return {
        "ulps": float(error[index]),
        "x": float(case.x[index]) if case.x.shape == error.shape else None,
        "got": float(comparison.got[index]),
        "expected": float(comparison.expected[index]),
        **curve,
    }


def larger(one: dict[str, Any] | None, other: dict[str, Any]) -> dict[str, Any]:
    """The larger of two errors, with the curve over the input of both."""
    if one is None:
        return other
    worst = other if float(other["ulps"]) > float(one["ulps"]) else one
    curve = widest(one.get("curve", {}), other.get("curve", {}))
    return {**worst, "curve": curve} if curve else worst


def table(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of the rows of the results: for each activation and subject the worst of value and gradient."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows:
        if row["activation"] is not None and row["ulps"]:
            key = (row["activation"], *(row["subject"][axis] for axis in AXES))
            line = found.setdefault(key, dict(zip(("activation", *AXES), key, strict=True)))
            for output, measured in row["ulps"].items():
                line[output] = larger(line.get(output), {key: measured[key] for key in _TOLD})
    return [found[key] for key in sorted(found)]
