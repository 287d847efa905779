"""Dropout's masks: their mean, their independence, and whole slices that share one decision.

Every statement here is about counts with an exact distribution. A pair of elements differs in its mask with probability
2p(1 - p), and disjoint pairs are independent of each other: so the number of pairs that differ is binomial. Where many
counts are looked at the extreme ones are tested at their share of the false-alarm probability.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from adapters.base import Array, Dropout, Unsupported, dtype_of
from conformance import bernoulli, expectation
from conformance.examination import Examination, clause
from conformance.regimes import fill
from conformance.suite.test_dropout import ones

Shape = tuple[int, ...]

MEANS = (0.5, 0.1, 0.9, 0.001, 0.999)
#: Elements of which the mean is taken: it is off by 2.2 % of x at rate 0.5, 0.8 % at 0.1 and 6 % at 0.9 when it shows.
MANY = 2**18


@clause("DO.expectation", generated=False)
def test_expectation(exam: Examination) -> None:
    share = exam.false_alarm / (4 * len(MEANS))
    for index, rate in enumerate(MEANS):
        drawn = ones(exam, rate, index, MANY)
        values = {"x": dtype_of(exam.dtype).type(1.7), "dy": dtype_of(exam.dtype).type(-0.6)}
        recipe = {name: f"np.full({drawn.x.shape}, {value}, {exam.dtype!r})" for name, value in values.items()}
        arrays = {name: np.full(drawn.x.shape, value) for name, value in values.items()}
        case = dataclasses.replace(drawn, **arrays, recipe=recipe)  # type: ignore[arg-type]
        outcome = exam.ask(case)
        exam.record.examples += 1
        low, high = bernoulli.interval(case.x.size, 1 - rate, share)
        shift = bernoulli.detectable_shift(case.x.size, 1 - rate, share)
        told = {"kept from": low, "kept to": high, "false_alarm": 4 * share, "detectable_shift": shift}
        exam.record.statistics.append({"rate": rate, **told})
        for name, of in (("y", "x"), ("dx", "dy")):
            got = outcome.arrays[name].astype(np.float64)
            for power in (1, 2):
                # What the sum is in units of what one kept element gives: the number kept, to rounding.
                unit = (float(values[of]) / (1 - rate)) ** power
                counted = float(np.sum(got**power)) / unit
                # NumPy adds in blocks and pairs: a sum of so many terms of one sign errs by less than 64 roundoffs.
                slack = power * relative_error(exam, case, name) + 2.0**-46
                exam.record.elements += 1
                moment = f"mean of {name}" if power == 1 else f"mean of {name} squared"
                right = low * (1 - slack) <= counted <= high * (1 + slack)
                message = (
                    f"rate {rate}: the {moment} is {counted * unit / case.x.size:.6g}, "
                    f"expected {(1 - rate) * unit:.6g}: as if {counted:.1f} of {case.x.size} were kept, "
                    f"not {low} to {high}"
                )
                exam.require(right, case, message, output=moment)


def relative_error(exam: Examination, case: Dropout, name: str) -> float:
    """What an element that is kept may be off by: all are equal, so that their sum is off by as much."""
    one = {each: getattr(case, each).reshape(-1)[:1].copy() for each in ("x", "dy")}
    alone = dataclasses.replace(case, **one, recipe={})
    expected = expectation.expect(alone, exam.dtype, exam.dialect, mask=np.ones(1, bool))[name]
    return float(expected.tolerance(exam.dtype)[0] / abs(expected.value[0]))


#: Both are multiples of 1/128, so that independence is looked at apart from the rate.
RATES = (0.5, 0.25)
#: Samples, channels, rows, columns; no row ends where a vector does.
TENSOR = (16, 8, 32, 33)
LAGS = (1, 2, 3, 4, 5, 7, 8, 16, 31, 32, 64, 128, 1024)
#: Small tensors that are asked again and again: vectors of every length and a tail, and the last of several rows.
SMALL = ((67,), (5, 33))
REPEATS = 256
#: Where each seed may cost a compilation: enough to see what always agrees.
FEW_REPEATS = 64


@clause("DO.independent", generated=False)
def test_independent(exam: Examination) -> None:
    found = [*in_one_tensor(exam), *in_repeats(exam)]
    tests = sum(counts.size for _, _, counts, _, _ in found)
    for case, what, counts, trials, probability in found:
        test = bernoulli.extreme_test(counts, trials, probability, exam.false_alarm * counts.size / tests)
        exam.record.elements += counts.size
        told = test.as_dict() | {"false_alarm": test.false_alarm * counts.size}  # what all the counts spend
        exam.record.statistics.append({"rate": case.rate, "what": what, "counts": counts.size, **told})
        exam.require(not test.rejected, case, f"rate {case.rate}, {what}: {test}", output=what)


Found = tuple[Dropout, str, Array, int, float]


def in_one_tensor(exam: Examination) -> Iterator[Found]:
    """Counts of pairs in a large tensor, and of what it shares with the next call and the next seed."""
    for index, rate in enumerate(RATES):
        case = of_ones(exam, TENSOR, rate, index)
        mask, odds = kept(exam, case), 2 * rate * (1 - rate)
        for what, one, other in pairs(mask):
            yield case, f"{what} differ", np.array([np.count_nonzero(one != other)]), one.size, odds
        for what, changes in (
            ("call 2", {"call": 2}),
            ("call 3", {"call": 3}),
            ("the next seed", {"seed": case.seed + 1}),
        ):
            try:
                other = kept(exam, dataclasses.replace(case, recipe=dict(case.recipe), **changes))  # type: ignore[arg-type]
            except Unsupported:
                continue  # an api that keeps no stream of random numbers
            differing = np.array([np.count_nonzero(mask != other)])
            yield case, f"a call and {what} differ", differing, mask.size, odds


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


def in_repeats(exam: Examination) -> Iterator[Found]:
    """Each position of a small tensor, and each pair of positions, over many seeds."""
    repeats = REPEATS if exam.palette.fresh is None else FEW_REPEATS
    for shape in SMALL:
        case = of_ones(exam, shape, 0.5, 0)
        seeds = np.random.default_rng(case.seed).integers(0, 2**31, repeats)
        asked = (dataclasses.replace(case, seed=int(seed), recipe=dict(case.recipe)) for seed in seeds)
        masks = np.stack([kept(exam, each).reshape(-1) for each in asked]).astype(np.int64)
        yield case, "a position is kept", masks.sum(0), repeats, 0.5
        agreeing = masks.T @ masks + (1 - masks).T @ (1 - masks)
        upper = np.triu_indices(masks.shape[1], 1)
        yield case, "two positions differ", repeats - agreeing[upper], repeats, 0.5


def of_ones(exam: Examination, shape: Shape, rate: float, index: int) -> Dropout:
    written = f"np.ones({shape!r}, {exam.dtype!r})"
    seed = bernoulli.seed(exam.clause.id, str(exam.subject), index + exam.seed)
    return Dropout(x=np.ones(shape, dtype_of(exam.dtype)), rate=rate, training=True, seed=seed, recipe={"x": written})


def kept(exam: Examination, case: Dropout) -> Array:
    exam.record.examples += 1
    return np.asarray(exam.ask(case).arrays["y"] != 0)


#: Shape of x, the axes that share a mask, and whether a layer for whole features is asked. No two sizes that could be
#: taken for each other are equal; 8192 decisions each, of which a rate that is off by 0.06 shows.
FORMS: tuple[tuple[Shape, Shape, bool], ...] = (
    ((128, 6, 64), (1,), False),
    ((128, 64, 6), (2,), False),
    ((3, 8192), (0,), False),
    ((8192, 5), (1,), False),
    ((128, 64, 3, 5), (2, 3), False),
    ((128, 3, 5, 64), (1, 2), False),
    ((3, 8192, 2), (0, 2), False),
    ((64, 128, 2, 3, 4), (2, 3, 4), False),
    ((128, 64, 6), (2,), True),
    ((128, 6, 64), (1,), True),
    ((128, 64, 3, 5), (2, 3), True),
    ((128, 3, 5, 64), (1, 2), True),
    ((64, 128, 2, 3, 4), (2, 3, 4), True),
    ((64, 2, 3, 4, 128), (1, 2, 3), True),
)
#: Of each mask: its rate, and neighbours on two axes at most, from two places.
COUNTS = 5


@clause("DO.shared", generated=False)
def test_shared(exam: Examination) -> None:
    share = exam.false_alarm / (len(FORMS) * len(RATES) * COUNTS)
    refusals = []
    for index, (shape, shared, features) in enumerate(FORMS):
        for rate in RATES:
            case = of_features(exam, shape, shared, features, rate, index)
            try:
                outcome = exam.ask(case)
            except Unsupported as missing:
                refusals.append(str(missing))
                continue
            mask = outcome.arrays["y"] != 0
            whole = mask.any(shared, keepdims=True) == mask.all(shared, keepdims=True)
            told = f"{np.count_nonzero(~whole)} of {whole.size} slices along the axes {shared} are dropped in part"
            exam.require(whole.all(), case, told, output="mask", failing=np.broadcast_to(~whole, shape))
            exam.judge(case, outcome, ["y", "dx"], n=1, mask=mask)
            decisions = mask.all(shared)
            counts = [("a slice is kept", int(np.count_nonzero(decisions)), decisions.size, 1 - rate)]
            for what, one, other in neighbours(decisions):
                differing = int(np.count_nonzero(one != other))
                counts.append((f"{what} differ", differing, one.size, 2 * rate * (1 - rate)))
            for what, count, trials, probability in counts:
                test = bernoulli.count_test(count, trials, probability, share)
                exam.record.statistics.append({"rate": rate, "shape": list(shape), "what": what, **test.as_dict()})
                exam.require(not test.rejected, case, f"rate {rate}, {what}: {test}", output=what)
    if not exam.record.examples:
        raise Unsupported("; ".join(sorted(set(refusals))))


def of_features(exam: Examination, shape: Shape, shared: Shape, features: bool, rate: float, index: int) -> Dropout:
    seed = bernoulli.seed(exam.clause.id, str(exam.subject), rate, index + exam.seed)
    written = {
        name: f"fill('positive', {shape!r}, seed={seed + at}, dtype={exam.dtype!r})"
        for at, name in enumerate(("x", "dy"))
    }
    x, dy = (fill("positive", shape, seed + at, exam.dtype) for at in (0, 1))
    return Dropout(
        x=x,
        dy=dy,
        rate=rate,
        training=True,
        seed=seed,
        shared=shared,
        features=features,
        recipe=written,
        regime="positive",
    )
