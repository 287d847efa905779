"""Layer normalization at its edges: nothing to normalize, no spread, special values, memory layouts, bad arguments."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from hypothesis import strategies as st

from adapters.base import Array, LayerNorm, Outcome
from conformance import cases, regimes
from conformance.examination import Examination, clause
from conformance.layouts import DISTINCT, LAYOUTS, laid
from conformance.suite.test_layer_norm import GRADIENTS, values_per_sample

Shape = tuple[int, ...]


def layer_norm(exam: Examination, data: st.DataObject, shape: Shape, rank: int = 1, **how: object) -> LayerNorm:
    """A case of a given shape with gain and bias that are nowhere uniform, and gradients."""
    strategy = cases.layer_norms(
        exam.subject.dtype,
        exam.dialect,
        regime=exam.regime,
        gradient=True,
        shape=shape,
        rank=rank,
        affine=True,
        palette=exam.palette,
    )
    return dataclasses.replace(data.draw(strategy, label="case"), **how)  # type: ignore[arg-type]


@clause("LN.constant", regimes=("constant",))
def test_constant(exam: Examination, data: st.DataObject) -> None:
    # Thirds have no end in binary: the mean of equal numbers is rounded.
    levels = (1e4, 0.0, 1.0, -1e-3, *((1.8e5, -6e4) if exam.dtype == "float16" else (1e7, -1e15)))
    for shape, rank in exam.palette.few((((3, 5), 1), ((2, 3, 4), 2), ((4, 33), 1)), 1, 2):
        case = layer_norm(exam, data, shape, rank)
        rows = data.draw(st.lists(st.sampled_from(levels), min_size=shape[0], max_size=shape[0]), label="rows")
        column = (np.array(rows) / 3).astype(exam.dtype).reshape(-1, *(1,) * (len(shape) - 1))
        recipe = dict(case.recipe) | {
            "x": f"np.array({column.tolist()}, {exam.dtype!r}) * np.ones({shape}, {exam.dtype!r})"
        }
        case = dataclasses.replace(case, x=column * np.ones(shape, exam.dtype), recipe=recipe)
        outcome = exam.ask(case)
        exam.judge(case, outcome, GRADIENTS, n=values_per_sample(case))
        exam.finite(case, outcome, outcome.arrays)


@clause("LN.single", regimes=cases.SQUARED)
def test_single(exam: Examination, data: st.DataObject) -> None:
    for shape, rank in exam.palette.few((((3, 1), 1), ((1,), 1), ((2, 2, 1, 1), 2)), 0, 2):
        case = layer_norm(exam, data, shape, rank)
        exam.judge(case, exam.ask(case), GRADIENTS, n=1)


EMPTY = (((0, 3), 1), ((2, 0, 3), 1), ((0,), 1), ((3, 0), 1), ((0, 0), 1), ((2, 0, 3), 2))


@clause("LN.empty")
def test_empty(exam: Examination, data: st.DataObject) -> None:
    for shape, rank in exam.palette.few(EMPTY, 0, 3, 5):
        case = layer_norm(exam, data, shape, rank)
        answer = exam.refusal(case)
        exam.record.examples += 1
        if isinstance(answer, Exception):
            continue
        for name, parameter in (("y", "x"), ("dx", "x"), ("dgain", "gain"), ("dbias", "bias")):
            value = getattr(case, parameter)
            if value is not None:
                got = answer.arrays[name]
                exam.record.elements += 1 + got.size
                message = f"{name} has the shape {got.shape}, expected {value.shape}"
                exam.require(got.shape == value.shape, case, message, output=f"{name}.shape")
                # The sum over no samples is zero.
                exam.require(not np.any(got != 0), case, f"{name} is {got}, expected zeros", output=name)


@clause("LN.special", regimes=("normal",))
def test_special(exam: Examination, data: st.DataObject) -> None:
    for features in (1, 2, 17, 33):
        case = layer_norm(exam, data, (4, features))
        spoilt = data.draw(st.lists(st.booleans(), min_size=4, max_size=4).filter(any), label="samples")
        special = np.flatnonzero(spoilt)
        places = data.draw(st.lists(st.integers(0, features - 1), min_size=4, max_size=4), label="features")
        value = data.draw(st.sampled_from((math.nan, math.inf, -math.inf)), label="value")
        x = case.x.copy()
        x[special, np.array(places)[special]] = value
        # The other samples' gradients and the sum of dy do not know of the special ones; dgain holds them all.
        harmless = dataclasses.replace(case, x=np.where(np.isfinite(x), x, 0).astype(exam.dtype), recipe={})
        case = dataclasses.replace(case, x=x, recipe={}, regime="special")
        outcome = exam.ask(case)
        sound = dict(outcome.arrays)
        clean = np.setdiff1d(np.arange(4), special)
        if clean.size:
            kept = dataclasses.replace(harmless, x=harmless.x[clean], dy=_rows(harmless.dy, clean))
            exam.judge(kept, Outcome({name: sound[name][clean] for name in ("y", "dx")}), ["y", "dx"], n=features)
        exam.judge(harmless, Outcome(sound), ["dbias"], n=features)
        for name in ("y", "dx", "dgain"):
            if name in sound:
                lost = ~np.isnan(sound[name])
                if name != "dgain":
                    lost[clean] = False
                message = f"{name} of a sample with {value} is not NaN everywhere"
                exam.require(not lost.any(), case, message, output=f"{name}.special", failing=lost)


def _rows(value: Array | None, rows: Array) -> Array | None:
    return None if value is None else value[rows]


@clause("LN.layout", regimes=("normal",))
def test_layout(exam: Examination, data: st.DataObject) -> None:
    # No two sizes are equal, so that no two layouts are one; the second shape has an axis whose stride means nothing.
    for shape, rank in exam.palette.few((((2, 3, 5), 1), ((3, 1, 4), 2)), 0):
        base = layer_norm(exam, data, shape, rank)
        for written in exam.palette.few(tuple(LAYOUTS), *DISTINCT):
            case = laid(base, written, "x")
            exam.judge(case, exam.ask(case), GRADIENTS, n=values_per_sample(case))
        written = data.draw(st.sampled_from(sorted(LAYOUTS)), label="layout of dy")
        case = laid(base, written, "dy")
        exam.judge(case, exam.ask(case), GRADIENTS, n=values_per_sample(case))


@clause("LN.bad-input", alike=True)
def test_bad_input(exam: Examination, data: st.DataObject) -> None:
    plain = dataclasses.replace(layer_norm(exam, data, (2, 3)), gain=None, bias=None)
    refused(exam, dataclasses.replace(plain, normalized_rank=0), "normalized_rank.zero")
    for extra in (1, 2):
        refused(exam, dataclasses.replace(plain, normalized_rank=2 + extra), "normalized_rank.large")
    for eps in exam.palette.few((-1.0, -1e-5, -math.inf), 1):
        refused(exam, dataclasses.replace(plain, eps=eps), "eps.negative")
    refused(exam, dataclasses.replace(plain, eps=math.nan), "eps.nan")
    if exam.dialect.layer_norm_affine:
        for shape, rank in (((2, 3), 1), ((2, 2, 3), 2)):
            case = layer_norm(exam, data, shape, rank)
            # One element, and the last axis alone, would broadcast.
            for wrong in ((1,), (2,), (4,), (7,), (3,) * (rank > 1), (0,)):
                for name in ("gain", "bias") if wrong else ():
                    value = regimes.fill("normal", wrong, 1, exam.held)
                    refused(exam, dataclasses.replace(case, recipe={}, **{name: value}), f"{name}.size")  # type: ignore[arg-type]


def refused(exam: Examination, case: LayerNorm, what: str) -> None:
    answer = exam.refusal(case)
    exam.record.examples += 1
    if not isinstance(answer, Exception):
        message = f"accepted, and answered with y = {answer.arrays['y'].tolist()}"
        exam.require(False, case, message, output=what)
