"""Dropout's masks: their mean and variance, and whole slices that share one decision.

Every statement here is about counts with an exact distribution.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from adapters.base import Array, Dropout, Unsupported, dtype_of
from conformance import bernoulli, expectation
from conformance.counting import hold
from conformance.examination import Examination, clause
from conformance.regimes import fill
from conformance.suite.test_dropout_independent import FLAT, RATES, compiles, neighbours, of_ones

Shape = tuple[int, ...]

MEANS = (0.5, 0.1, 0.9, 0.001, 0.999)
#: Where each rate is compiled.
FEW_MEANS = (0.5, 0.1, 0.999)
#: What the mean is taken of: it is off by 2.2 % of x at rate 0.5, 0.8 % at 0.1 and 6 % at 0.9 when it shows. Where a
#: shape is compiled a tensor of a few more elements, that of DO.independent.
SQUARE = (256, 1024)


@clause("DO.expectation", generated=False)
def test_expectation(exam: Examination) -> None:
    rates = FEW_MEANS if compiles(exam) else MEANS
    share = exam.false_alarm / len(rates)
    for index, rate in enumerate(rates):
        drawn = of_ones(exam, FLAT if compiles(exam) else SQUARE, rate, index)
        values = {"x": dtype_of(exam.dtype).type(1.7), "dy": dtype_of(exam.dtype).type(-0.6)}
        recipe = {name: f"np.full({drawn.x.shape}, {value}, {exam.dtype!r})" for name, value in values.items()}
        arrays = {name: np.full(drawn.x.shape, value) for name, value in values.items()}
        case = dataclasses.replace(drawn, **arrays, recipe=recipe)  # type: ignore[arg-type]
        outcome = exam.ask(case)
        exam.record.examples += 1
        # All that follows is made of one number, that of the kept: it leaves this interval with the share at most.
        accepted = bernoulli.interval(case.x.size, 1 - rate, share)
        shift = bernoulli.detectable_shift(case.x.size, 1 - rate, share)
        told = {"what": "mean and variance", "trials": case.x.size, "probability": 1 - rate, "counts": 1}
        told |= {"kept from": accepted[0], "kept to": accepted[1], "false_alarm": share, "detectable_shift": shift}
        exam.record.statistics.append({"rate": rate, **told})
        for name, of in (("y", "x"), ("dx", "dy")):
            moments(exam, case, name, outcome.arrays[name], float(values[of]), accepted)


def moments(exam: Examination, case: Dropout, name: str, got: Array, value: float, accepted: tuple[int, int]) -> None:
    """Mean, mean square and variance of an answer to equal values, of which so many as ``accepted`` may be kept."""
    kept, size, values = np.array(accepted, np.float64), got.size, got.astype(np.float64)
    unit = value / (1 - case.rate)  # what one that is kept gives
    shares = kept / size
    spread = shares * (1 - shares)
    # Largest where half of them are kept.
    most = 0.25 if accepted[0] <= size / 2 <= accepted[1] else spread.max()
    found = {
        f"mean of {name}": (float(values.mean()), unit * shares, 1),
        f"mean of {name} squared": (float(np.mean(values**2)), unit**2 * shares, 2),
        f"variance of {name}": (float(np.var(values)), unit**2 * np.array([spread.min(), most]), 2),
    }
    for moment, (measured, ends, power) in found.items():
        # All kept elements are equal: what one may be off by, the moment may be. NumPy adds in blocks and pairs: a sum
        # of so many terms of one sign errs by less than 64 roundoffs, and that of squared deviations by twice that.
        slack = power * relative_error(exam, case, name) + 2.0**-45
        low, high = sorted(ends)
        exam.record.elements += 1
        right = low - slack * abs(low) <= measured <= high + slack * abs(high)
        message = (
            f"rate {case.rate}: the {moment} is {measured:.6g}, expected {low:.6g} to {high:.6g}: that of "
            f"{accepted[0]} to {accepted[1]} kept of {size}"
        )
        exam.require(right, case, message, output=moment)


def relative_error(exam: Examination, case: Dropout, name: str) -> float:
    """What an element that is kept may be off by: all are equal, so that their sum is off by as much."""
    one = {each: getattr(case, each).reshape(-1)[:1].copy() for each in ("x", "dy")}
    alone = dataclasses.replace(case, **one, recipe={})
    expected = expectation.expect(alone, exam.dtype, exam.dialect, mask=np.ones(1, bool))[name]
    return float(expected.tolerance(exam.dtype)[0] / abs(expected.value[0]))


#: Who shares: axes, whole features (of a layer for them), lanes of vmap.
Sharing = Literal["axes", "features", "lanes"]
#: Shape of x, the axes that share a mask, and who they are. No two sizes that could be taken for each other are equal;
#: 8192 decisions each, of which a rate that is off by 0.06 shows.
FORMS: tuple[tuple[Shape, Shape, Sharing], ...] = (
    ((128, 6, 64), (1,), "axes"),
    ((128, 64, 6), (2,), "axes"),
    ((3, 8192), (0,), "axes"),
    ((8192, 5), (1,), "axes"),
    ((128, 64, 3, 5), (2, 3), "axes"),
    ((128, 3, 5, 64), (1, 2), "axes"),
    ((3, 8192, 2), (0, 2), "axes"),
    ((64, 128, 2, 3, 4), (2, 3, 4), "axes"),
    ((128, 64, 6), (2,), "features"),
    ((128, 6, 64), (1,), "features"),
    ((128, 64, 3, 5), (2, 3), "features"),
    ((128, 3, 5, 64), (1, 2), "features"),
    ((64, 128, 2, 3, 4), (2, 3, 4), "features"),
    ((64, 2, 3, 4, 128), (1, 2, 3), "features"),
    ((3, 128, 64), (0,), "lanes"),
)
#: Where each form and rate is compiled, or in 16 bits each operation: forms of every kind, each with one of the rates.
FEW_FORMS = {0: 0.5, 2: 0.25, 4: 0.25, 6: 0.5, 8: 0.5, 10: 0.25, 11: 0.5, 13: 0.25, 14: 0.5}
#: Of each mask: its rate, and neighbours on two axes at most, from two places.
COUNTS = 5


@clause("DO.shared", generated=False)
def test_shared(exam: Examination) -> None:
    share = exam.false_alarm / (len(FORMS) * len(RATES) * COUNTS)
    refusals = []
    for index, (shape, shared, sharing) in enumerate(FORMS):
        for rate in RATES:
            if few_forms(exam) and FEW_FORMS.get(index) != rate:
                continue
            case = sliced(exam, shape, shared, sharing, rate, index)
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
                hold(exam, case, f"{what}, x of shape {shape}", test, output=what)
    if not exam.record.examples:
        raise Unsupported("; ".join(sorted(set(refusals))))


def few_forms(exam: Examination) -> bool:
    """Whether each form is compiled, or each of its operations: then all forms are asked in float32."""
    return compiles(exam) or (exam.palette.fresh == "shape" and exam.dtype != "float32")


def sliced(exam: Examination, shape: Shape, shared: Shape, sharing: Sharing, rate: float, index: int) -> Dropout:
    seed = bernoulli.seed(exam.clause.id, str(exam.subject), rate, index, exam.seed)
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
        features=sharing == "features",
        lanes=sharing == "lanes",
        recipe=written,
        regime="positive",
    )
