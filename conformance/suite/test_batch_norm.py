"""Batch normalization: training, inference, running statistics."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from hypothesis import strategies as st

from adapters.base import BatchNorm, Outcome, Unsupported
from conformance import cases
from conformance.examination import Examination, clause

STATISTICS = ("running_mean", "running_var")


def questions(
    exam: Examination, *, training: bool, gradient: bool = False, apart: bool = False
) -> st.SearchStrategy[BatchNorm]:
    """``apart``: no other clause needs the question's program; where a layer is compiled whole it is of one shape."""
    return cases.batch_norms(
        exam.subject.dtype,
        exam.dialect,
        training=training,
        gradient=gradient,
        regime=exam.regime,
        palette=exam.palette,
        among=cases.WARM["batch_norm"][1:2] if apart and exam.palette.settled else (),
    )


def draw(
    exam: Examination, data: st.DataObject, *, training: bool, gradient: bool = False, apart: bool = False
) -> BatchNorm:
    return data.draw(questions(exam, training=training, gradient=gradient, apart=apart), label="case")


def values_per_channel(case: BatchNorm) -> int:
    channels: int = case.x.shape[case.channel_axis]
    return case.x.size // channels


@clause("BN.train.output", regimes=cases.SQUARED)
def test_train_output(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, training=True)
    exam.judge(case, exam.ask(case), ["y"], n=values_per_channel(case))


@clause("BN.train.grad", regimes=cases.SQUARED)
def test_train_grad(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, training=True, gradient=True)
    exam.judge(case, exam.ask(case), ["y", "dx", "dgamma", "dbeta"], n=values_per_channel(case))


@clause("BN.eval.output", regimes=cases.SQUARED)
def test_eval_output(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, training=False)
    exam.judge(case, exam.ask(case), ["y"], n=values_per_channel(case))


@clause("BN.eval.grad", regimes=cases.SQUARED)
def test_eval_grad(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, training=False, gradient=True)
    exam.judge(case, exam.ask(case), ["y", "dx", "dgamma", "dbeta"], n=values_per_channel(case))


@clause("BN.eval.independent", regimes=cases.SQUARED)
def test_eval_independent(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, training=False)
    kept = data.draw(st.integers(0, len(case.x) - 1), label="sample")
    others = data.draw(st.sampled_from((math.nan, math.inf, -7.0, 1e4)), label="the other samples")
    x = np.full_like(case.x, others)
    x[kept] = case.x[kept]
    outcome = exam.ask(dataclasses.replace(case, x=x, recipe={}))
    alone = dataclasses.replace(case, x=case.x[kept : kept + 1].copy(), recipe={})
    exam.judge(alone, Outcome({"y": outcome.arrays["y"][kept : kept + 1]}), ["y"], n=1)


@clause("BN.eval.pure", regimes=cases.SQUARED)
def test_eval_pure(exam: Examination, data: st.DataObject) -> None:
    training = data.draw(st.booleans(), label="training")
    case = draw(exam, data, training=training)
    outcome = exam.ask(case)
    exam.record.examples += 1
    for name, after in outcome.state.items():
        if training and name in STATISTICS:
            continue
        exam.exactly(case, name, after, getattr(case, name))


@clause("BN.running.update", regimes=cases.SQUARED)
def test_running_update(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, training=True)
    outcome = exam.ask(case)
    if not set(STATISTICS) & set(outcome.state):
        raise Unsupported("running statistics")
    exam.judge(case, outcome, STATISTICS, n=values_per_channel(case))
