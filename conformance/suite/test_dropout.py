"""Dropout: what is exact is tested exactly, and the rate by an exact binomial test."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from adapters.base import Array, Case, Dropout, DropoutCount, Unsupported, dtype_of
from conformance import bernoulli, cases, profiles
from conformance.counting import hold
from conformance.examination import Examination, clause

Shape = tuple[int, ...]


def draw(exam: Examination, data: st.DataObject, **how: object) -> Dropout:
    return data.draw(cases.dropouts(exam.subject.dtype, regime=exam.regime, palette=exam.palette, **how), label="case")  # type: ignore[arg-type]


def identity(exam: Examination, case: Dropout) -> None:
    """y = x and dx = dy, to the bit."""
    outcome = exam.ask(case)
    exam.record.examples += 1
    assert case.dy is not None
    exam.exactly(case, "y", outcome.arrays.get("y"), case.x)
    exam.exactly(case, "dx", outcome.arrays.get("dx"), case.dy)


@clause("DO.support")
def test_support(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, training=True)
    outcome = exam.ask(case)
    exam.judge(case, outcome, ["y"], n=1, mask=outcome.arrays["y"] != 0)


@clause("DO.grad")
def test_grad(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, training=True, gradient=True)
    outcome = exam.ask(case)
    exam.judge(case, outcome, ["y", "dx"], n=1, mask=outcome.arrays["y"] != 0)


@clause("DO.eval", regimes=cases.ELEMENTWISE)
def test_eval(exam: Examination, data: st.DataObject) -> None:
    identity(exam, draw(exam, data, training=False, gradient=True))


@clause("DO.zero", regimes=cases.ELEMENTWISE)
def test_zero(exam: Examination, data: st.DataObject) -> None:
    identity(exam, draw(exam, data, training=True, rate=0.0, gradient=True))


@clause("DO.one")
def test_one(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, training=True, rate=1.0, gradient=True)
    answer = exam.refusal(case)
    exam.record.examples += 1
    refused = isinstance(answer, Exception)
    declared = exam.dialect.rate_one
    exam.require(refused == (declared == "refused"), case, f"{_told(answer)}; the dialect declares: {declared}")
    if not isinstance(answer, Exception):
        for name in ("y", "dx"):
            nonzero = answer.arrays[name] != 0
            exam.record.elements += nonzero.size
            exam.require(not nonzero.any(), case, f"{name} is not zero everywhere", output=name, failing=nonzero)


def _told(answer: object) -> str:
    return f"refused with {type(answer).__name__}: {answer}" if isinstance(answer, Exception) else "answered"


@clause("DO.rate", generated=False)
def test_rate(exam: Examination) -> None:
    share = exam.false_alarm / len(RATES)
    for rates in MODELS:
        least = max(drawn_at_least(exam), *(needed(rate, share) for rate in rates))
        cases, kept, trials = counted(exam, rates, least)
        for rate, case, count in zip(rates, cases, kept, strict=True):
            exam.record.examples += 1
            test = bernoulli.count_test(int(count), trials, 1 - rate, share)
            hold(exam, case, "an element is kept", test, rate=rate)


#: The rates that are counted, of layers of two models: those that need millions of elements, and the others. One that
#: is rounded to a multiple of 1/128 or 1/256 is off by 0.0016 at least, or is 0 or 1; 0.5 and 0.25 are such multiples.
MODELS = ((0.1, 0.35, 0.9), (0.5, 0.25, 0.001, 0.999, 0.0001, 0.9999))
RATES = tuple(rate for rates in MODELS for rate in rates)


def needed(rate: float, share: float) -> int:
    """Elements at which a rate that is rounded to 8 or 7 bits shows, and at 0.1 one that is off by a hundredth.

    Rounded up or down, that is, to a multiple that is no nearer than the nearest.
    """
    rounded = {abs(rate - round(steps * rate) / steps) for steps in (128, 256)} - {0.0}
    shift = min(rounded | {rate / 100} if rate == 0.1 else rounded or {0.01})
    return bernoulli.samples_needed(1 - rate, shift, share, multiple=ROW)


#: Elements are asked as rows of so many.
ROW = 1024


#: Elements that are counted of each rate on a device of its own in the profile "deep", and at once: multiples of ROW.
DEEP, AT_ONCE = 954 * 2**20, 2**24
#: At once where each shape is compiled: then all rates are asked in the one shape.
FEW_AT_ONCE = 2**18


def drawn_at_least(exam: Examination) -> int:
    return DEEP if exam.subject.device != "cpu" and profiles.chosen() == "deep" else 0


def parts(exam: Examination, least: int) -> list[Shape]:
    """So many elements at least, in parts: of one shape where a shape is compiled, but for a mode that compiles its
    seed, and so each part, too.
    """
    compiled = exam.palette.fresh is not None and exam.subject.mode not in exam.dialect.compiled_seeds
    if compiled and exam.subject.device == "cpu":
        return [(FEW_AT_ONCE // ROW, ROW)] * -(-least // FEW_AT_ONCE)
    even = -(-least // (2 * ROW)) * 2 * ROW  # two halves of whole rows
    return [(min(AT_ONCE, even - start) // ROW, ROW) for start in range(0, even, AT_ONCE)]


def counted(exam: Examination, rates: Sequence[float], least: int) -> tuple[list[Case], Array, int]:
    """For each rate what was asked, or the first of it, and how many were kept; of how many: ``least`` or a few more.

    They are counted where they are drawn, with a seed for each part. An adapter that cannot count answers the elements
    themselves.
    """
    kept, first, shapes = np.zeros(len(rates), np.int64), list[Case](), parts(exam, least)
    for part, shape in enumerate(shapes):
        seed = bernoulli.seed(exam.clause.id, str(exam.subject), *rates, exam.seed, part)
        count = DropoutCount(x=np.ones((), dtype_of(exam.dtype)), shape=shape, rates=tuple(rates), seed=seed)
        cases: list[Case] = [count] * len(rates)
        try:
            kept += exam.ask(count).arrays["kept"]
        except Unsupported:
            cases = [ones(exam, rate, place, math.prod(shape), part) for place, rate in enumerate(rates)]
            kept += [np.count_nonzero(exam.ask(case).arrays["y"]) for case in cases]
        first = first or cases
    return first, kept, sum(map(math.prod, shapes))


def ones(exam: Examination, rate: float, index: int, elements: int, *part: int) -> Dropout:
    """Ones, so many: a multiple of ROW."""
    shape = (elements // ROW, ROW)
    seed = bernoulli.seed(exam.clause.id, str(exam.subject), index, exam.seed, *part)
    return Dropout(
        x=np.ones(shape, dtype_of(exam.dtype)),
        rate=rate,
        training=True,
        seed=seed,
        recipe={"x": f"np.ones({shape!r}, {exam.dtype!r})"},
    )
