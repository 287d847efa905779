"""Dropout's seeds: what goes on after one, and what it gives in another process and another mode."""

from __future__ import annotations

import dataclasses

import numpy as np

from adapters.base import Array, Dropout, Subject, dtype_of
from adapters.process import Died, Process
from conformance import bernoulli
from conformance.examination import Examination, clause
from conformance.suite.test_dropout_exact import ENOUGH
from conformance.suite.test_dropout_independent import compiles

#: Calls after a seed: as far as they are looked at, and where each is compiled anew.
CALLS, FEW_CALLS = 17, 3


def half(exam: Examination, **how: object) -> Dropout:
    """Ones, of which a half is dropped."""
    seed = bernoulli.seed(exam.clause.id, exam.seed)
    ones, x = f"np.ones({ENOUGH}, {exam.dtype!r})", np.ones(ENOUGH, dtype_of(exam.dtype))
    # With a gradient, as DO.seed asks, so that what is compiled for one is there for the other.
    recipe = {"x": ones, "dy": ones}
    case = Dropout(x=x, dy=x, rate=0.5, training=True, seed=seed, recipe=recipe)
    return dataclasses.replace(case, recipe=recipe, **how)  # type: ignore[arg-type]


@clause("DO.calls", generated=False)
def test_calls(exam: Examination) -> None:
    calls = FEW_CALLS if compiles(exam) else CALLS
    met: dict[bytes, int] = {}
    for call in range(1, calls + 1):
        case = half(exam, call=call)
        mask = kept(exam, case)
        earlier = met.setdefault(mask.tobytes(), call)
        exam.require(earlier == call, case, f"calls {earlier} and {call} after seeding gave one mask", output="call")


def kept(exam: Examination, case: Dropout) -> Array:
    exam.record.examples += 1
    exam.record.elements += case.x.size
    return np.asarray(exam.ask(case).arrays["y"] != 0)


@clause("DO.process", generated=False)
def test_process(exam: Examination) -> None:
    case = half(exam)
    elsewhere = Process.another(exam.adapter)
    here = kept(exam, case)
    try:
        there = elsewhere.ask(exam.subject, case).arrays["y"] != 0
    except Died as death:
        exam.require(False, case, str(death), output="crash")
        return
    differing = here != there
    told = f"{np.count_nonzero(differing)} of {differing.size} elements have another mask in another process"
    exam.require(not differing.any(), case, told, output="process")


@clause("DO.modes", generated=False)
def test_modes(exam: Examination) -> None:
    case = half(exam)
    eager: Subject = dataclasses.replace(exam.subject, mode="eager")
    compiled = kept(exam, case)
    differing = compiled != (exam.adapter.ask(eager, case).arrays["y"] != 0)
    if exam.subject.mode in exam.dialect.own_masks:
        told = "the mask is that of eager code; the dialect declares one of its own"
        exam.require(differing.any(), case, told, output="own mask")
    else:
        told = f"{np.count_nonzero(differing)} of {differing.size} elements have another mask than in eager code"
        exam.require(not differing.any(), case, told, output="mask")
