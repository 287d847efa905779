"""Dropout: seeds, special values, shapes and invalid rates. Nothing here is statistical: all of it is exact."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math

import numpy as np
from hypothesis import strategies as st

from adapters.base import Array, Dropout, Outcome, Unsupported
from conformance.examination import Examination, clause
from conformance.judge import identical

#: Two independent masks of so many elements are equal with a probability of (p^2 + (1 - p)^2)^2048: below 2^-200 for
#: every rate from 0.04 to 0.96.
ENOUGH = (32, 64)
#: The first two where each is compiled.
SEED_RATES = (0.5, 0.1, 0.25, 0.3, 0.9)


def dropout(exam: Examination, data: st.DataObject, x: Array, **how: object) -> Dropout:
    """A case with a cotangent of ones, so that dx shows the mask whatever x holds."""
    rates = SEED_RATES[:2] if exam.palette.settled else SEED_RATES
    known = {
        "rate": data.draw(st.sampled_from(rates), label="rate"),
        "seed": data.draw(st.integers(0, 2**31 - 1), label="seed") if "seed" not in how else how["seed"],
        "training": True,
    }
    ones = f"np.ones({x.shape!r}, {exam.dtype!r})"
    recipe = {"dy": ones, "x": ones} if np.all(x == 1) else {"dy": ones}
    return Dropout(x=x, dy=np.ones(x.shape, exam.dtype), recipe=recipe, **(known | how))


def kept(exam: Examination, case: Dropout) -> Array:
    """The mask of the answer: where the gradient passed."""
    exam.record.elements += case.x.size
    return np.asarray(exam.ask(case).arrays["dx"] != 0)


@clause("DO.seed")
def test_seed(exam: Examination, data: st.DataObject) -> None:
    # More digits than a float32 has, so that a seed that passes through one shows.
    seed = data.draw(st.integers(2**28, 2**31 - 1), label="seed")
    case = dropout(exam, data, np.ones(ENOUGH, exam.dtype), seed=seed)
    exam.record.examples += 1
    mask = kept(exam, case)
    same = dataclasses.replace(case, recipe=dict(case.recipe))
    exam.require(np.array_equal(mask, kept(exam, same)), same, "the same seed gave another mask", output="same seed")

    large = 1e4 if exam.dtype == "float16" else 1e30
    values = data.draw(st.sampled_from((0.0, -2.5, large, math.nan, math.inf)), label="other values")
    x = np.full(ENOUGH, values, exam.dtype)
    other = dataclasses.replace(
        case, x=x, recipe=dict(case.recipe) | {"x": f"np.full({ENOUGH}, {values}, {exam.dtype!r})"}
    )
    exam.require(np.array_equal(mask, kept(exam, other)), other, "the mask depends on the values", output="values")

    for bit in (0, data.draw(st.integers(1, 29), label="bit of the seed that is another"), 30):
        sown = dataclasses.replace(case, seed=case.seed ^ (1 << bit))
        message = f"the seeds {case.seed} and {sown.seed} gave one mask"
        exam.require(not np.array_equal(mask, kept(exam, sown)), sown, message, output="other seed")

    following = dataclasses.replace(case, call=data.draw(st.integers(2, 4), label="call"))
    message = f"calls 1 and {following.call} after seeding gave one mask"
    exam.require(not np.array_equal(mask, kept(exam, following)), following, message, output="next call")
    with contextlib.suppress(Unsupported):  # an api without a global generator, or that cannot do without a seed
        global_seed(exam, case)


def global_seed(exam: Examination, case: Dropout) -> None:
    """The same of the framework's global seed, with a layer that is given none."""
    sown, again, other = (
        dataclasses.replace(case, globally=True, seed=seed, recipe=dict(case.recipe))
        for seed in (case.seed, case.seed, case.seed ^ 1)
    )
    mask = kept(exam, sown)
    message = "the same global seed gave another mask"
    exam.require(np.array_equal(mask, kept(exam, again)), again, message, output="same global seed")
    message = f"the global seeds {sown.seed} and {other.seed} gave one mask"
    exam.require(not np.array_equal(mask, kept(exam, other)), other, message, output="other global seed")


@clause("DO.special", regimes=("special",))
def test_special(exam: Examination, data: st.DataObject) -> None:
    shape = data.draw(exam.palette.shapes("dropout"), label="shape")
    random = np.random.default_rng(data.draw(st.integers(0, 2**16 - 1), label="where what is"))
    x = random.choice([math.nan, math.inf, -math.inf, 1.5], shape).astype(exam.dtype)
    case = dropout(exam, data, x, regime="special")
    through = data.draw(st.sampled_from(("y", "dx")), label="special values in")
    if through == "dx":
        # The mask does not depend on the values (DO.seed), and so shows in the output of ones.
        case = dataclasses.replace(case, x=np.ones(shape, exam.dtype), dy=x, recipe={})
    outcome = exam.ask(case)
    exam.record.examples += 1
    exam.record.elements += x.size
    mask = outcome.arrays["dx" if through == "y" else "y"] != 0
    got = outcome.arrays[through]
    special = ~np.isfinite(x)
    lost = special & mask & ~((got == x) | (np.isnan(got) & np.isnan(x)))
    exam.require(
        not lost.any(), case, f"a special value that is kept changes: {got[lost]}", output=through, failing=lost
    )
    dropped = np.full(shape, math.nan if exam.dialect.dropped_special == "nan" else 0.0)
    wrong = special & ~mask & ~((got == dropped) | (np.isnan(got) & np.isnan(dropped)))
    message = (
        f"a special value that is dropped gives {got[wrong]}; the dialect declares: {exam.dialect.dropped_special}"
    )
    exam.require(not wrong.any(), case, message, output=through, failing=wrong)
    spoilt = ~special & (~np.isfinite(got) | ((got != 0) != mask))
    exam.require(not spoilt.any(), case, "a finite value beside a special one is lost", output=through, failing=spoilt)


#: Scalar, empty, with axes of size 1, plain, and (where it says so) transposed in memory.
FORMS = (
    ((2, 3), True),
    ((2, 3), False),
    ((3, 1), False),
    ((1,), False),
    ((), False),
    ((0,), False),
    ((2, 0, 3), False),
)


@clause("DO.shape", alike=True)
def test_shape(exam: Examination, data: st.DataObject) -> None:
    for (shape, transposed), training in itertools.product(FORMS, (True, False)):
        x = np.arange(1, 1 + math.prod(shape)).astype(exam.dtype).reshape(shape)
        x = np.ascontiguousarray(x.T).T if transposed else x
        case = dropout(exam, data, x, training=training)
        try:
            outcome = exam.ask(case)
        except Unsupported:
            if training:
                raise
            continue  # an api that has dropout for training alone
        exam.record.examples += 1
        for name in ("y", "dx"):
            got = outcome.arrays[name]
            exam.record.elements += 1
            message = f"{name} has the shape {got.shape}, expected {shape}"
            exam.require(got.shape == shape, case, message, output=f"{name}.shape")
            message = f"{name} has the dtype {got.dtype}, expected {exam.dtype}"
            exam.require(got.dtype.name == exam.dtype, case, message, output=f"{name}.dtype")
        if "x" in outcome.state:
            changed = ~identical(outcome.state["x"], case.x)
            exam.require(not changed.any(), case, "the input is written over", output="x", failing=changed)


BAD_RATES = {
    "rate.negative": (-0.5, -0.001, -5e-324, -math.inf),
    "rate.large": (1.5, 1.001, math.nextafter(1.0, 2.0), math.inf),
    "rate.nan": (math.nan,),
}


@clause("DO.bad-input", alike=True)
def test_bad_input(exam: Examination, data: st.DataObject) -> None:
    base = dropout(exam, data, np.ones((2, 3), exam.dtype))
    for what, rates in BAD_RATES.items():
        for rate, training in itertools.product(rates, (True, False)):
            case = dataclasses.replace(base, rate=rate, training=training)
            try:
                answer = exam.refusal(case)
            except Unsupported:
                if training:
                    raise
                continue  # an api that has dropout for training alone
            exam.record.examples += 1
            refused(exam, case, answer, f"rate {rate}", what)
    bad_lanes(exam, base)
    for what, (shape, masks) in BAD_MASKS.items():
        x = np.ones(shape, exam.dtype)
        for mask in masks:
            case = dataclasses.replace(base, x=x, dy=x, noise_shape=mask, recipe={})
            try:
                answer = exam.refusal(case)
            except Unsupported:
                return  # an api that takes no shape of the mask
            exam.record.examples += 1
            refused(exam, case, answer, f"a mask of shape {mask} for x of shape {shape}", what)


def bad_lanes(exam: Examination, base: Dropout) -> None:
    """Lanes of vmap, where an api wants to be told whether they draw together, and is not told."""
    case = dataclasses.replace(base, lanes=True, unsaid=True, rate=0.5)
    with contextlib.suppress(Unsupported):
        answer = exam.refusal(case)
        exam.record.examples += 1
        refused(exam, case, answer, "that nobody says how lanes draw", "lanes")


def refused(exam: Examination, case: Dropout, answer: Outcome | Exception, told: str, what: str) -> None:
    if not isinstance(answer, Exception):
        found = ", ".join(f"{name} = {answer.arrays[name].tolist()}" for name in ("y", "dx"))
        exam.require(False, case, f"{told} is accepted: {found}", output=what)


#: Shapes of the mask that do not fit x: another size, and ones that x would have to be spread over.
BAD_MASKS: dict[str, tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]] = {
    "noise_shape.size": ((2, 3), ((2, 2), (3, 3), (4, 1), (2,), (2, 0), (2, -2))),
    "noise_shape.large": ((1, 3), ((4, 3), (2, 1, 3), (1, 3, 1))),
}
