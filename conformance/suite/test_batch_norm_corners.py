"""Batch normalization at its corners: constant, single and no values, many values, and input that is wrong."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from hypothesis import strategies as st

from adapters.base import BatchNorm, Outcome, Unsupported
from conformance import cases, expectation
from conformance.examination import Examination, clause
from conformance.regimes import fill
from conformance.suite.test_batch_norm import STATISTICS
from conformance.suite.test_batch_norm_relations import ANSWERS, compare

#: (samples, channels, *space)
SINGLE = ((1, 2), (1, 3, 1), (1, 2, 1, 1), (1, 3, 1, 1, 1))
EMPTY = ((0, 2), (0, 3, 2), (0, 2, 3, 2), (2, 3, 0), (0, 2, 1, 2, 2), (2, 0, 3))
LARGE = ((2, 2), (4, 2, 3), (20000, 2), (3000, 3, 7), (64, 2, 16, 16), (16, 2, 8, 16, 16))
ORDINARY = ((4, 3), (4, 3, 2), (2, 3, 2, 2))


def draw(
    exam: Examination, data: st.DataObject, among: tuple[cases.Shape, ...], *, training: bool, regime: str = "normal"
) -> BatchNorm:
    strategy = cases.batch_norms(
        exam.subject.dtype,
        exam.dialect,
        training=training,
        gradient=True,
        regime=regime,
        palette=exam.palette,
        among=among,
    )
    return data.draw(strategy, label="case")


@clause("BN.constant", regimes=("normal", "offset", "huge", "tiny"))
def test_constant(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, (), training=True)
    channels, axis = case.x.shape[case.channel_axis], case.channel_axis % case.x.ndim
    seed = data.draw(st.integers(0, 2**16 - 1), label="seed of the constants")
    along = tuple(channels if each == axis else 1 for each in range(case.x.ndim))
    x = np.ones(case.x.shape, exam.dtype) * fill(exam.regime, (channels,), seed, exam.dtype).reshape(along)
    made = f"fill({exam.regime!r}, ({channels},), seed={seed}, dtype={exam.dtype!r}).reshape({along})"
    recipe = {**case.recipe, "x": f"np.ones({x.shape}, {exam.dtype!r}) * {made}"}
    # Each addition of one number to a running sum may be rounded to the same side: these sums are not random.
    case = dataclasses.replace(case, x=x, recipe=recipe, regime="constant")
    outcome = exam.ask(case)
    compare(exam, case, outcome, (*ANSWERS, "running_var"), expectation.expect)
    exam.finite(case, outcome, ANSWERS[1:])


@clause("BN.single", regimes=("normal", "offset"))
def test_single(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, SINGLE, training=True, regime=exam.regime)
    answer = refused_or_answered(exam, case)
    if answer is None:
        return
    stateless = dataclasses.replace(case, running_mean=None, running_var=None)
    compare(exam, stateless, answer, ANSWERS, expectation.expect)
    if exam.dialect.running_var_divisor == "n":
        compare(exam, case, answer, STATISTICS, expectation.expect)
    for name in set(STATISTICS) & set(answer.state):
        damaged = ~np.isfinite(answer.state[name])
        exam.require(not damaged.any(), case, f"{name} is no finite number", output=name, failing=damaged)


@clause("BN.empty", regimes=("training", "inference"))
def test_empty(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, EMPTY, training=exam.regime == "training")
    answer = refused_or_answered(exam, case)
    if answer is None:
        return
    exam.record.examples += 1
    for name in ("y", "dx"):
        shape = answer.arrays[name].shape
        exam.require(shape == case.x.shape, case, f"{name} has the shape {shape}, x {case.x.shape}", output=name)
    for name in ("dgamma", "dbeta"):
        if name in answer.arrays:
            wrong = answer.arrays[name] != 0
            message = f"{name} is {answer.arrays[name].tolist()}: a sum over no values is 0"
            exam.require(not wrong.any(), case, message, output=name, failing=wrong)
    for name, after in answer.state.items():
        exam.exactly(case, name, after, getattr(case, name))


def refused_or_answered(exam: Examination, case: BatchNorm) -> Outcome | None:
    """The answer; None where the subject refuses the case with an error that says something."""
    answer = exam.refusal(case)
    if isinstance(answer, Exception):
        exam.record.examples += 1
        exam.require(bool(str(answer).strip()), case, f"{type(answer).__name__} without a message", output="raises")
        return None
    return answer


@clause("BN.large", regimes=("normal", "offset"))
def test_large(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, LARGE, training=True, regime=exam.regime)
    compare(exam, case, exam.ask(case), (*ANSWERS, *STATISTICS), expectation.expect)


#: What is wrong with the sizes, given the number of channels (3 in every case).
SIZES = {"empty": 0, "single": 1, "short": 2, "long": 4}
NUMBERS = {
    "eps.negative": -1e-3,
    "eps.nan": math.nan,
    "momentum.negative": -0.5,
    "momentum.above-one": 1.5,
    "momentum.nan": math.nan,
}
PARAMETERS = ("gamma", "beta", *STATISTICS)
BAD = (*(f"{name}.{size}" for name in PARAMETERS for size in SIZES), *NUMBERS, "x.rank", "channel_axis.low")


@clause("BN.bad-input", regimes=BAD, alike=True)
def test_bad_input(exam: Examination, data: st.DataObject) -> None:
    # What the running statistics are moved by says something only where they are moved.
    for training in (True,) if exam.regime.startswith("momentum") else (False, True):
        # Each case is a configuration of its own: where that costs a compilation, on images alone, which all apis take.
        for shape in ORDINARY[-1:] if exam.palette.settled else ORDINARY:
            case = draw(exam, data, (shape,), training=training)
            accepted(exam, worsened(case, exam.regime, exam.dialect.channel_axes[-1], exam.held))


def accepted(exam: Examination, case: BatchNorm) -> None:
    """Fails where the case is answered; the wrong thing in it is its regime."""
    kind = case.regime
    answer = refused_or_answered(exam, case)
    if answer is None:
        return
    if case.training and kind.startswith(("momentum", "running")) and not set(STATISTICS) & set(answer.state):
        raise Unsupported("running statistics")
    exam.record.examples += 1
    exam.require(False, case, f"accepted without an error: {told(case, kind)}", output=kind)


def worsened(case: BatchNorm, kind: str, last_axis: int, held: str) -> BatchNorm:
    """The case made wrong in one way, and right in all others; ``held``: the dtype of its parameters."""
    name = kind.split(".")[0]
    whole = {each: fill("positive", (3,), seed, held) for seed, each in enumerate(PARAMETERS)}
    case = dataclasses.replace(case, **whole, momentum=0.5, regime=kind, recipe=case.recipe)  # type: ignore[arg-type]
    if not case.training:  # as a model is deployed: some frameworks fuse layers where nobody asks for gradients
        case = dataclasses.replace(case, dy=None)
    if kind in NUMBERS:
        return dataclasses.replace(case, **{name: NUMBERS[kind]})  # type: ignore[arg-type]
    if kind == "channel_axis.low":
        return dataclasses.replace(case, channel_axis=-case.x.ndim - 1)
    if kind == "x.rank":
        x = fill("normal", (3,), 7, case.x.dtype.name)
        dy = None if case.dy is None else x
        return dataclasses.replace(case, x=x, dy=dy, channel_axis=last_axis, recipe={})
    wrong = fill("positive", (SIZES[kind.split(".")[1]],), 5, held)
    return dataclasses.replace(case, **{name: wrong})  # type: ignore[arg-type]


def told(case: BatchNorm, kind: str) -> str:
    name = kind.split(".")[0]
    value = getattr(case, name)
    if isinstance(value, float | int):
        return f"{name}={value}, x of shape {case.x.shape}"
    return f"{name} of shape {value.shape}, x of shape {case.x.shape}"
