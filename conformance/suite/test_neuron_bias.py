"""Neurons: one bias each, no inputs at all, and what must be refused."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption

from adapters.base import Dense
from conformance import cases
from conformance.examination import Examination, clause

Array = np.ndarray[Any, np.dtype[Any]]


@clause("NE.bias")
def test_bias(exam: Examination, data: st.DataObject) -> None:
    case = data.draw(cases.whole_denses(exam.subject.dtype, palette=exam.palette), label="case")
    assert case.bias is not None
    assert case.dy is not None
    neuron = data.draw(st.integers(0, len(case.bias) - 1), label="neuron")
    added = data.draw(st.sampled_from((1.0, -3.0, 64.0)), label="added")
    # Sums of small whole numbers are exact: what differs is no rounding error.
    step = np.where(np.arange(len(case.bias)) == neuron, added, 0).astype(case.bias.dtype)
    before = exam.ask(case)
    x, weight, bias, dy = (value.astype(np.float64) for value in (case.x, case.weight, case.bias, case.dy))
    y = np.asarray(x @ weight.T + bias)
    exam.record.examples += 1
    _equal(exam, case, "y", before.arrays.get("y"), y)
    _equal(exam, case, "dbias", before.arrays.get("dbias"), dy.reshape(-1, len(bias)).sum(0))
    moved = replace(case, bias=case.bias + step, recipe=_without_bias(case))
    _equal(exam, moved, "y", exam.ask(moved).arrays.get("y"), y + step.astype(np.float64))
    bare = replace(case, bias=None)
    without = exam.ask(bare)
    _equal(exam, bare, "y", without.arrays.get("y"), y - bias)
    exam.require("dbias" not in without.arrays, bare, "there is a gradient of a bias that is not there", output="dbias")


def _without_bias(case: Dense) -> dict[str, str]:
    return {name: text for name, text in case.recipe.items() if name != "bias"}


def _equal(exam: Examination, case: Dense, name: str, got: Array | None, want: Array) -> None:
    """Shape and numbers; the sign of a zero is free."""
    form = got is not None and got.shape == want.shape
    found = "missing" if got is None else f"of shape {got.shape}"
    exam.require(form, case, f"{name} is {found}, expected {want.shape}", output=name)
    if got is None or not form:
        return
    different = got != want
    exam.record.elements += int(want.size)
    if different.any():
        index = tuple(int(i) for i in np.argwhere(different)[0])
        message = f"{name}{list(index)} is {got[index]!r}, expected exactly {want[index]!r}"
        exam.require(False, case, message, output=name, failing=different)


@clause("NE.zero-features", generated=False)
def test_zero_features(exam: Examination) -> None:
    forms = tuple(itertools.product(((1,), (2, 3)), (None, "relu", "tanh", "sigmoid"), (True, False)))
    for leading, activation, biased in exam.palette.few(forms, 0, 3, 12):
        neurons = 5
        case = Dense(
            x=np.zeros((*leading, 0), exam.dtype),
            weight=np.zeros((neurons, 0), exam.held),
            bias=(0.7 * np.arange(neurons) - 1.0).astype(exam.held) if biased else None,
            activation=activation,
            dy=np.linspace(0.1, 1.0, neurons * math.prod(leading)).reshape(*leading, neurons).astype(exam.dtype),
            recipe={name: f"np.zeros({shape!r}, {held!r})" for name, shape, held in _empty(exam, leading, neurons)},
            regime="no features",
        )
        answer = exam.refusal(case)
        if isinstance(answer, Exception):
            exam.record.examples += 1
            _clear(exam, case, answer)
        else:
            exam.judge(case, answer, ["y", "dx", "dweight", "dbias"], n=1)


def _empty(exam: Examination, leading: tuple[int, ...], neurons: int) -> tuple[tuple[str, tuple[int, ...], str], ...]:
    return ("x", (*leading, 0), exam.dtype), ("weight", (neurons, 0), exam.held)


@clause("NE.bad-input", regimes=("inner size", "bias size", "single bias", "rank 0"))
def test_bad_input(exam: Examination, data: st.DataObject) -> None:
    case = data.draw(cases.whole_denses(exam.subject.dtype, palette=exam.palette), label="case")
    assert case.bias is not None
    case = replace(case, recipe={}, dy=case.dy if data.draw(st.booleans(), label="gradient") else None)
    neurons, inputs = case.weight.shape
    changed: dict[str, Array | None]
    match exam.regime:
        case "inner size":
            more = data.draw(st.sampled_from((1, -1, inputs)), label="more inputs")
            changed = {"weight": np.ones((neurons, inputs + more), exam.held)}
        case "bias size":
            changed = {"bias": np.ones(neurons + data.draw(st.sampled_from((1, 2)), label="more"), exam.held)}
            if neurons == 1:
                changed["dy"] = None  # who spreads the neuron over the biases answers in another shape
        case "single bias":
            if neurons == 1:
                raise UnsatisfiedAssumption
            changed = {"bias": np.ones(1, exam.held)}
        case _:
            changed = {"x": np.ones((), exam.dtype), "dy": None}
    case = replace(case, **changed, regime=exam.regime)  # type: ignore[arg-type]
    answer = exam.refusal(case)
    exam.record.examples += 1
    if isinstance(answer, Exception):
        _clear(exam, case, answer)
    else:
        y = answer.arrays["y"]
        exam.require(False, case, f"answered, with y of shape {y.shape}", output="accepted")


def _clear(exam: Examination, case: Dense, error: Exception) -> None:
    """An error of a kind that speaks of values, shapes or types, with a message."""
    told = isinstance(error, ValueError | TypeError | RuntimeError) or not type(error).__module__.startswith("builtins")
    exam.require(
        told and bool(str(error).strip()),
        case,
        f"refused with {type(error).__name__}: {str(error) or 'no message'}, which says nothing of shapes",
        output="error",
    )
