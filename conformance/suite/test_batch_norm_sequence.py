"""Batch normalization over several steps: what the running statistics come to."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from adapters.base import BatchNorm, Dialect, Unsupported
from conformance import expectation
from conformance.bounded import Bounded
from conformance.examination import Examination, clause
from conformance.expectation import STABLE, Expected, Model
from conformance.regimes import fill
from conformance.suite.test_batch_norm import STATISTICS, draw, values_per_channel
from reference import batch_norm

STEPS = st.lists(st.sampled_from(("train", "eval", "train", "reset")), min_size=2, max_size=4)


@clause("BN.running.sequence", regimes=("normal", "offset"))
def test_running_sequence(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, training=True)
    if case.momentum is None:
        case = dataclasses.replace(case, momentum=0.25)
    trained: list[BatchNorm] = []  # since the last reset
    for number, step in enumerate(("train", *data.draw(STEPS, label="steps"), "train")):
        if step == "reset":
            channels = case.x.shape[case.channel_axis]
            zeros, ones = np.zeros(channels, exam.held), np.ones(channels, exam.held)
            case, trained = dataclasses.replace(case, running_mean=zeros, running_var=ones), []
            continue
        case = dataclasses.replace(case, training=step == "train", **batch(case, number))  # type: ignore[arg-type]
        outcome = exam.ask(case)
        if not set(STATISTICS) <= set(outcome.state):
            raise Unsupported("running statistics")
        if case.training:
            trained.append(case)
            expect = closed_form(list(trained))
            n = values_per_channel(case)
            exam.compare(case, outcome, expect(case, exam.dtype, exam.dialect), n=n, expect=expect)
        else:
            for name in STATISTICS:
                exam.exactly(case, name, outcome.state[name], getattr(case, name))
        # A fresh layer is loaded with what this one leaves, in the dtype that statistics are kept in.
        kept = {name: outcome.state[name].astype(exam.held) for name in STATISTICS}
        case = dataclasses.replace(case, **kept)  # type: ignore[arg-type]


def batch(case: BatchNorm, number: int) -> dict[str, object]:
    """The x of another step, of the same shape and regime."""
    if number == 0:
        return {}
    x = fill(case.regime, case.x.shape, number, case.x.dtype.name)
    made = f"fill({case.regime!r}, {x.shape!r}, seed={number}, dtype={x.dtype.name!r})"
    return {"x": x, "recipe": {**case.recipe, "x": made}}


def closed_form(steps: list[BatchNorm]) -> Callable[..., Expected]:
    """Momentum's weights applied to the statistics of every batch, from those that the first step was given."""

    def expect(_: BatchNorm, dtype: str, dialect: Dialect, model: Model = STABLE) -> Expected:
        first = steps[0]
        arithmetic = model.arithmetic(first, dtype)
        momentum = Bounded.input(np.float64(first.momentum or 0.0), arithmetic)
        weight: Any = momentum if dialect.momentum == "new" else 1.0 - momentum
        found: dict[str, Any] = {name: Bounded.input(getattr(first, name), arithmetic) for name in STATISTICS}
        for number, step in enumerate(steps):
            zeros = np.zeros_like(first.running_mean)
            replacing = 1.0 if dialect.momentum == "new" else 0.0
            alone = dataclasses.replace(step, running_mean=zeros, running_var=zeros, momentum=replacing)
            of_batch = expectation.expect(alone, dtype, dialect, model)
            if number:  # what the step before left was stored
                found = {name: expectation.stored(found[name], getattr(first, name).dtype.name) for name in STATISTICS}
            found = {name: batch_norm.running_update(found[name], of_batch[name], weight) for name in STATISTICS}
        return found

    return expect
