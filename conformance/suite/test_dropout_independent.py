"""Dropout's masks: no element tells of another, in one tensor, between calls, layers and seeds, at no position.

Every statement here is about counts with an exact distribution. A pair of elements differs in its mask with probability
2p(1 - p), and disjoint pairs are independent of each other: so the number of pairs that differ is binomial. Where many
counts are looked at the extreme ones are tested at their share of the false-alarm probability.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from adapters.base import Array, Dropout, Unsupported, dtype_of
from conformance import bernoulli
from conformance.counting import Counts, hold, hold_all
from conformance.examination import Examination, clause
from conformance.spread import spread_test

Shape = tuple[int, ...]

#: Both are multiples of 1/128, so that independence is looked at apart from the rate.
RATES = (0.5, 0.25)
#: Samples, channels, rows, columns; no row ends where a vector does.
TENSOR = (16, 8, 32, 33)
#: What is asked where a shape is compiled, and seen as [samples, channels, rows, columns]: four axes take a compiler
#: three times as long.
FLAT, SEEN = (8192, 33), (32, 8, 32, 33)
LAGS = (1, 2, 3, 4, 5, 7, 8, 16, 31, 32, 64, 128, 1024)
#: Small tensors that are asked again and again: vectors of every length and a tail, and the last of several rows.
SMALL = ((67,), (5, 33))
REPEATS = 256
#: Where each seed may cost a compilation: enough to see what always agrees.
FEW_REPEATS = 64


@clause("DO.independent", generated=False)
def test_independent(exam: Examination) -> None:
    # A half for the extremes of all counts, a half for how those of the positions spread.
    positions = list(in_repeats(exam))
    hold_all(exam, [*in_one_tensor(exam), *in_lanes(exam), *in_layers(exam), *positions], exam.false_alarm / 2)
    kept_at = [each for each in positions if each.what.startswith("a position")]
    for each in kept_at:
        share = exam.false_alarm / 2 / len(kept_at)
        test = spread_test(each.counts, each.trials, each.probability, share)
        what = f"how often positions are kept, x of shape {each.case.x.shape}"
        hold(exam, each.case, what, test, output="positions")


def in_one_tensor(exam: Examination) -> Iterator[Counts]:
    """Counts of pairs in a large tensor, and of what it shares with the next call and the next seed."""
    for index, rate in enumerate(RATES):
        case = of_ones(exam, FLAT if compiles(exam) else TENSOR, rate, index)
        if compiles(exam):
            # With a gradient, as DO.expectation asks, so that what is compiled for one is there for the other.
            case = dataclasses.replace(case, dy=case.x, recipe=dict(case.recipe) | {"dy": case.recipe["x"]})
        mask, odds = kept(exam, case), 2 * rate * (1 - rate)
        calls = () if compiles(exam) and index else (2,) if compiles(exam) else (2, 3)
        for what, one, other in pairs(mask.reshape(SEEN) if compiles(exam) else mask):
            yield Counts(case, f"{what} differ", np.array([np.count_nonzero(one != other)]), one.size, odds)
        for what, changes in (
            *((f"call {call}", {"call": call}) for call in calls),
            ("the next seed", {"seed": case.seed + 1}),
        ):
            try:
                other = kept(exam, dataclasses.replace(case, recipe=dict(case.recipe), **changes))  # type: ignore[arg-type]
            except Unsupported:
                continue  # an api that keeps no stream of random numbers
            differing = np.array([np.count_nonzero(mask != other)])
            yield Counts(case, f"a call and {what} differ", differing, mask.size, odds)


def compiles(exam: Examination) -> bool:
    """Whether a rate, a call and a shape are each compiled anew: then fewer of them are asked."""
    return exam.palette.settled


def pairs(mask: Array) -> Iterator[tuple[str, Array, Array]]:
    """Disjoint pairs: a name, the ones and the others."""
    flat = mask.reshape(-1)
    for lag in LAGS:
        blocks = flat[: flat.size // (2 * lag) * 2 * lag].reshape(-1, 2, lag)
        yield f"elements {lag} apart", blocks[:, 0], blocks[:, 1]
    yield "the two halves", flat[: flat.size // 2], flat[flat.size // 2 :][: flat.size // 2]
    yield "elements from both ends", flat[: flat.size // 2], flat[::-1][: flat.size // 2]
    yield from neighbours(mask)


def neighbours(mask: Array) -> Iterator[tuple[str, Array, Array]]:
    """Pairs of neighbours along each axis: every second pair, and the others."""
    for axis, size in enumerate(mask.shape):
        along = np.moveaxis(mask, axis, 0)
        for first in (0, 1):
            count = (size - first) // 2
            if count:
                ends = along[first : first + 2 * count]
                yield f"neighbours on axis {axis} from {first}", ends[::2], ends[1::2]


#: Lanes, and what each is given.
LANES = (16, 33, 31)


def in_lanes(exam: Examination) -> Iterator[Counts]:
    """Pairs of lanes, where there are any: each has a mask of its own, and its gradient that mask."""
    ones = of_ones(exam, LANES, 0.5, 2)
    recipe = {"x": ones.recipe["x"], "dy": ones.recipe["x"]}
    case = dataclasses.replace(ones, lanes=True, dy=ones.x, recipe=recipe)
    try:
        outcome = exam.ask(case)
    except Unsupported:
        return
    exam.record.examples += 1
    mask = outcome.arrays["y"] != 0
    other = mask != (outcome.arrays["dx"] != 0)
    exam.require(not other.any(), case, "a lane's gradient has another mask", output="dx of a lane", failing=other)
    for first in (0, 1):
        one, beside = mask[first : len(mask) - first : 2], mask[first + 1 : len(mask) - first : 2]
        differing = np.array([np.count_nonzero(one != beside)])
        yield Counts(case, f"lanes from {first} differ", differing, one.size, 0.5)


def in_layers(exam: Examination) -> Iterator[Counts]:
    """Two layers of one model that were given one seed, and two that were given none, after a global one."""
    for globally in (False, True):
        first = dataclasses.replace(of_ones(exam, TENSOR, 0.5, 3), globally=globally)
        first = dataclasses.replace(first, recipe={"x": f"np.ones({TENSOR!r}, {exam.dtype!r})"})
        second = dataclasses.replace(first, layer=2, recipe=dict(first.recipe))
        try:
            differing = kept(exam, second) != kept(exam, first)
        except Unsupported:
            continue
        if exam.dialect.one_seed == "same" and not globally:
            told = "two layers with one seed have different masks; the dialect declares: the same"
            exam.require(not differing.any(), second, told, output="layers", failing=differing)
            continue
        what = f"two layers after {'a global' if globally else 'one'} seed differ"
        yield Counts(second, what, np.array([np.count_nonzero(differing)]), differing.size, 0.5)


def in_repeats(exam: Examination) -> Iterator[Counts]:
    """Each position of a small tensor, and each pair of positions, over many seeds; not where each seed is compiled:
    so few as could be asked would show nothing.
    """
    if exam.subject.mode in exam.dialect.compiled_seeds:
        return
    repeats = REPEATS if exam.palette.fresh is None else FEW_REPEATS
    for shape in SMALL:
        case = of_ones(exam, shape, 0.5, 0)
        seeds = np.random.default_rng(case.seed).integers(0, 2**31, repeats)
        asked = (dataclasses.replace(case, seed=int(seed), recipe=dict(case.recipe)) for seed in seeds)
        masks = np.stack([kept(exam, each).reshape(-1) for each in asked]).astype(np.int64)
        yield Counts(case, f"a position of {shape} is kept", masks.sum(0), repeats, 0.5)
        agreeing = masks.T @ masks + (1 - masks).T @ (1 - masks)
        upper = np.triu_indices(masks.shape[1], 1)
        yield Counts(case, f"two positions of {shape} differ", repeats - agreeing[upper], repeats, 0.5)


def of_ones(exam: Examination, shape: Shape, rate: float, index: int) -> Dropout:
    written = f"np.ones({shape!r}, {exam.dtype!r})"
    seed = bernoulli.seed(exam.clause.id, str(exam.subject), index, exam.seed)
    return Dropout(x=np.ones(shape, dtype_of(exam.dtype)), rate=rate, training=True, seed=seed, recipe={"x": written})


def kept(exam: Examination, case: Dropout) -> Array:
    exam.record.examples += 1
    return np.asarray(exam.ask(case).arrays["y"] != 0)
