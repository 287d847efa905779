"""Kin of dropout: what alpha dropout keeps, the noise of Gaussian dropout, the weights that attention drops."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from adapters.base import SIXTEEN_BITS, Array, DropoutKin, dtype_of
from conformance import bernoulli
from conformance.bounded import format_of
from conformance.counting import Counts, hold_all
from conformance.examination import Examination, clause
from conformance.expectation import expect
from conformance.suite.test_dropout_independent import neighbours
from reference import dropout_kin

RATES = (0.5, 0.1, 0.9)
#: Rows of x, and elements in each: a probability of keeping that is off by 1 % to 2 % shows.
ROWS, ROW = 256, 512


def kin(exam: Examination, kind: str, rate: float, index: int, x: Array, written: str) -> DropoutKin:
    seed = bernoulli.seed(exam.clause.id, str(exam.subject), index, exam.seed)
    ones = np.ones(x.shape, x.dtype)
    recipe = {"x": written, "dy": f"np.ones({x.shape}, {exam.dtype!r})"}
    return DropoutKin(kind=kind, x=x, rate=rate, training=True, seed=seed, dy=ones, recipe=recipe)


def untouched(exam: Examination, case: DropoutKin) -> None:
    """In inference y = x and dx = dy, to the bit."""
    still = dataclasses.replace(case, training=False, recipe=dict(case.recipe))
    outcome = exam.ask(still)
    exam.record.examples += 1
    exam.exactly(still, "y", outcome.arrays["y"], case.x)
    assert case.dy is not None
    exam.exactly(still, "dx", outcome.arrays["dx"], case.dy)


@clause("DO.alpha", generated=False)
def test_alpha(exam: Examination) -> None:
    x = np.resize(np.array([1, -1], dtype_of(exam.dtype)), (ROWS, ROW))
    written = f"np.resize(np.array([1, -1], {exam.dtype!r}), {(ROWS, ROW)})"
    for index, rate in enumerate(RATES):
        case = kin(exam, "alpha_dropout", rate, index, x, written)
        outcome = exam.ask(case)
        # What is dropped becomes less than what -1 becomes: lambda alpha is 1.76.
        expected = {kept: expect(case, exam.dtype, exam.dialect, mask=np.full(x.shape, kept)) for kept in (True, False)}
        between = (expected[True]["y"].value.min() + expected[False]["y"].value.max()) / 2
        mask = outcome.arrays["y"] > between
        exam.judge(case, outcome, ["y", "dx"], n=1, mask=mask)
        share = exam.false_alarm / len(RATES)
        halves = [np.array([np.count_nonzero(mask[:, first::2])]) for first in (0, 1)]
        found = [Counts(case, f"{value} is kept", half, x.size // 2, 1 - rate) for value, half in zip((1, -1), halves, strict=True)]  # fmt: skip  # noqa: E501
        hold_all(exam, [*found, *differing(case, mask, rate)], share / 2)
        moments(exam, case, outcome.arrays["y"].astype(np.float64), expected, share / 4)
        untouched(exam, case)


def differing(case: DropoutKin, mask: Array, rate: float) -> list[Counts]:
    """Pairs of neighbours on each axis whose masks differ."""
    odds = 2 * rate * (1 - rate)
    return [
        Counts(case, f"{what} differ", np.array([np.count_nonzero(one != other)]), one.size, odds)
        for what, one, other in neighbours(mask)
    ]


def moments(exam: Examination, case: DropoutKin, y: Array, expected: dict[bool, Any], share: float) -> None:
    """Mean 0 and mean square 1, to what the numbers kept of 1 and of -1 may be: each leaves its interval with the
    share.
    """
    half = y.size // 2
    kept = np.array(bernoulli.interval(half, 1 - case.rate, share)) / half
    ones, others = np.meshgrid(kept, kept)
    ends = [bernoulli.detectable_shift(half, 1 - case.rate, share), 2 * share]
    told = {"what": "mean and mean square", "trials": half, "probability": 1 - case.rate, "counts": 2}
    exam.record.statistics.append({"rate": case.rate, **told, "detectable_shift": ends[0], "false_alarm": ends[1]})
    for power, moment in ((1, "mean of y"), (2, "mean of y squared")):
        up, down, low = (expected[keeps]["y"].value[0, at] ** power for keeps, at in ((True, 0), (True, 1), (False, 0)))
        reach = (ones * up + others * down + (2 - ones - others) * low) / 2
        off = max(float(np.max(each["y"].tolerance(exam.dtype))) for each in expected.values())
        slack = power * off * float(np.max(np.abs(y))) ** (power - 1) * (1 + off) + 2.0**-40
        measured = float(np.mean(y**power))
        right = reach.min() - slack <= measured <= reach.max() + slack
        message = f"rate {case.rate}: the {moment} is {measured:.6g}, expected {reach.min():.6g} to {reach.max():.6g}"
        exam.require(right, case, message, output=moment)


#: Where the standard normal distribution is cut into pieces whose counts are known.
CUTS = (-3.0, -2.0, -1.0, -0.25, 0.0, 0.25, 1.0, 2.0, 3.0)


@clause("DO.gaussian", generated=False)
def test_gaussian(exam: Examination) -> None:
    normal = bernoulli.special().ndtr
    x = np.ones((ROWS, ROW), dtype_of(exam.dtype))
    for index, rate in enumerate(RATES):
        case = kin(exam, "gaussian_dropout", rate, index, x, f"np.ones({x.shape}, {exam.dtype!r})")
        outcome = exam.ask(case)
        exam.record.examples += 1
        y, dx = (outcome.arrays[name].astype(np.float64) for name in ("y", "dx"))
        # x and dy are 1: both are the noise, rounded once or twice.
        other = np.abs(y - dx) > 4 * format_of(exam.dtype).roundoff * np.abs(y)
        told = f"{np.count_nonzero(other)} of {other.size} elements have other noise in dx than in y"
        exam.require(not other.any(), case, told, output="noise of dx", failing=other)
        deviation = dropout_kin.deviation(rate)
        found = []
        for cut in (threshold(1 + each * deviation, exam.dtype) for each in CUTS):
            odds, below = float(normal((cut - 1) / deviation)), np.array([np.count_nonzero(y < cut)])
            found.append(Counts(case, f"noise below {(cut - 1) / deviation:.4g} deviations", below, y.size, odds))
        middle = threshold(1.0, exam.dtype)
        pairs = differing(case, y < middle, float(normal((middle - 1) / deviation)))
        hold_all(exam, [*found, *pairs], exam.false_alarm / len(RATES))
        untouched(exam, case)


def threshold(near: float, dtype: str) -> float:
    """A number near the given one that no rounding to the dtype takes a number across.

    In 16 bits one halfway between two neighbours: what is below it is rounded to the lower one at most. In float32 and
    float64 the number itself: a rounding takes a share of 1e-7 across it, of which no count of these sizes tells.
    """
    if dtype not in SIXTEEN_BITS:
        return near
    lower = np.asarray(near, dtype_of(dtype))
    return (float(lower) + float(np.nextafter(lower, lower.dtype.type(math.inf)))) / 2


#: Batch, and as many queries as there are things to attend to.
ATTENTION = (64, 32)


@clause("DO.attention", generated=False)
def test_attention(exam: Examination) -> None:
    batch, n = ATTENTION
    x = np.resize(np.eye(n, dtype=dtype_of(exam.dtype)), (batch, n, n))
    for index, rate in enumerate(RATES):
        written = f"np.resize(np.eye({n}, dtype={exam.dtype!r}), {x.shape})"
        case = kin(exam, "attention_dropout", rate, index, x, written)
        case = dataclasses.replace(case, dy=x.copy(), recipe={"x": written, "dy": written})
        outcome = exam.ask(case)
        mask = outcome.arrays["y"] != 0
        exam.judge(case, outcome, ["y", "dx"], n=1, mask=mask)
        kept = Counts(case, "a weight is kept", np.array([np.count_nonzero(mask)]), mask.size, 1 - rate)
        hold_all(exam, [kept, *differing(case, mask, rate)], exam.false_alarm / len(RATES))
        if index == 0:
            # Of 65536 weights: two masks that are drawn are never the same.
            sown = dataclasses.replace(case, seed=case.seed ^ 1, recipe=dict(case.recipe))
            same = np.array_equal(mask, exam.ask(sown).arrays["y"] != 0)
            exam.require(not same, sown, f"the seeds {case.seed} and {sown.seed} gave one mask", output="other seed")
        if index and exam.palette.settled:
            continue  # inference at each rate is a program of its own
        still = dataclasses.replace(case, training=False, recipe=dict(case.recipe))
        dropped = exam.ask(still).arrays["y"] == 0
        exam.require(not dropped.any(), still, "weights are dropped in inference", output="inference", failing=dropped)
