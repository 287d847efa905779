"""Dropout: what is exact is tested exactly, and the rate by an exact binomial test."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from adapters.base import Case, Dropout, DropoutCount, Unsupported, dtype_of
from conformance import bernoulli, cases, profiles
from conformance.counting import hold
from conformance.examination import Examination, clause


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
    for index, rate in enumerate(RATES):
        trials = max(needed(rate, share), drawn_at_least(exam))
        case, kept = counted(exam, rate, index, trials)
        exam.record.examples += 1
        hold(exam, case, "an element is kept", bernoulli.count_test(kept, trials, 1 - rate, share))


#: The rates that are counted. One that is rounded to a multiple of 1/128 or 1/256 is off by 0.0016 at least, or is 0 or
#: 1; 0.5 and 0.25 are such multiples.
RATES = (0.5, 0.1, 0.25, 0.35, 0.9, 0.001, 0.999, 0.0001, 0.9999)


def needed(rate: float, share: float) -> int:
    """Elements at which a rate that is rounded to 8 or 7 bits shows, and at 0.1 one that is off by a hundredth.

    Rounded up or down, that is, to a multiple that is no nearer than the nearest.
    """
    rounded = {abs(rate - round(steps * rate) / steps) for steps in (128, 256)} - {0.0}
    shift = min(rounded | {rate / 100} if rate == 0.1 else rounded or {0.01})
    return bernoulli.samples_needed(1 - rate, shift, share, multiple=ROW)


#: Elements are asked as rows of so many.
ROW = 1024


#: Elements that are counted of each rate on a device of its own in the profile "deep", and at once: a multiple of ROW.
DEEP, AT_ONCE = 954 * 2**20, 2**24


def drawn_at_least(exam: Examination) -> int:
    return DEEP if exam.subject.device != "cpu" and profiles.chosen() == "deep" else 0


def counted(exam: Examination, rate: float, index: int, trials: int) -> tuple[Case, int]:
    """How many of so many elements are kept, and what was asked, or the first of it: counted where they are drawn, and
    with a seed for each part. An adapter that cannot count answers the elements themselves.
    """
    shapes = [(min(AT_ONCE, trials - start) // ROW, ROW) for start in range(0, trials, AT_ONCE)]
    kept, first = 0, None
    for part, shape in enumerate(shapes):
        seed = bernoulli.seed(exam.clause.id, str(exam.subject), index, exam.seed, *([part] if part else []))
        case: Case = DropoutCount(x=np.ones((), dtype_of(exam.dtype)), shape=shape, rate=rate, seed=seed)
        try:
            kept += int(exam.ask(case).arrays["kept"])
        except Unsupported:
            case = ones(exam, rate, index, shape[0] * ROW, *([part] if part else []))
            kept += int(np.count_nonzero(exam.ask(case).arrays["y"]))
        first = first or case
    assert first is not None
    return first, kept


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
