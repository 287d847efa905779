"""Layers together: what one layer hands to the next, and the gradients that come back through all of them."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from adapters.base import Array, Dropout, Outcome, Stack
from conformance import stacks
from conformance.bounded import format_of
from conformance.examination import Examination, Nonconformance, clause
from conformance.expectation import Mask


def masks(case: Stack, arrays: dict[str, Array]) -> dict[int, Mask]:
    """The masks that the subject drew, as far as its outputs show them."""
    found = {}
    for index, layer in enumerate(case.layers):
        if isinstance(layer, Dropout) and layer.training:
            x, y = stacks.given(case, arrays, index), arrays[f"{index}.y"]
            # Of what is, or may be read as, zero the output does not tell.
            hidden = (y == 0) & (np.abs(x.astype(np.float64)) <= 2 * format_of(case.x.dtype.name).tiny)
            found[index] = Mask(y != 0, hidden)
    return found


def judge(exam: Examination, case: Stack, outcome: Outcome) -> None:
    """Every output from the first layer on, then every gradient from the last layer back."""
    arrays = dict(outcome.arrays)
    known = masks(case, arrays)
    names = [*(f"{index}.y" for index in range(len(case.layers))), "y", *_gradients(case), "dx"]
    try:
        exam.judge(case, outcome, names, n=case.x.size // case.x.shape[-1], masks=known)
    except Nonconformance as alarm:
        told, finding = first_to_leave(case, alarm.finding)
        raise Nonconformance(f"{alarm}\n  layer:    {told}", finding) from None


def _gradients(case: Stack) -> list[str]:
    return [
        f"{index}.d{name}"
        for index in reversed(range(len(case.layers)))
        for name, _ in case.layers[index].arrays()
        if name not in ("x", "running_mean", "running_var")
    ]


def first_to_leave(case: Stack, finding: dict[str, object]) -> tuple[str, dict[str, object]]:
    """The layer whose answer is the first outside of its bound; the others are judged by their own bounds before it."""
    place = str(finding["output"]).partition(".")[0]
    index = int(place) if place.isdigit() else 0 if finding["output"] == "dx" else len(case.layers) - 1
    told = f"{index}, {type(case.layers[index]).__name__}, is the first whose answer leaves its bound"
    return told, finding | {"layer": index}


@clause("NET.stack", regimes=stacks.REGIMES)
def test_stack(exam: Examination, data: st.DataObject) -> None:
    case = data.draw(
        stacks.stacks(exam.subject.dtype, exam.dialect, regime=exam.regime, palette=exam.palette), label="case"
    )
    judge(exam, case, exam.ask(case))


@clause("NET.bn-before-activation", regimes=stacks.REGIMES)
def test_bn_before_activation(exam: Examination, data: st.DataObject) -> None:
    case = data.draw(
        stacks.normalized_neurons(exam.subject.dtype, exam.dialect, regime=exam.regime, palette=exam.palette),
        label="case",
    )
    judge(exam, case, exam.ask(case))
