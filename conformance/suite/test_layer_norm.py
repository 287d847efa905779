"""Layer normalization: statistics of one sample over its trailing axes."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from hypothesis import strategies as st

from adapters.base import LayerNorm, Outcome
from conformance import cases
from conformance.examination import Examination, clause

GRADIENTS = ("y", "dx", "dgain", "dbias")


def questions(exam: Examination, *, gradient: bool = False) -> st.SearchStrategy[LayerNorm]:
    return cases.layer_norms(
        exam.subject.dtype, exam.dialect, regime=exam.regime, gradient=gradient, palette=exam.palette
    )


def draw(exam: Examination, data: st.DataObject, *, gradient: bool = False) -> LayerNorm:
    return data.draw(questions(exam, gradient=gradient), label="case")


def values_per_sample(case: LayerNorm) -> int:
    return math.prod(case.x.shape[case.x.ndim - case.normalized_rank :])


@clause("LN.output", regimes=cases.SQUARED)
def test_output(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data)
    exam.judge(case, exam.ask(case), ["y"], n=values_per_sample(case))


@clause("LN.grad", regimes=cases.SQUARED)
def test_grad(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, gradient=True)
    exam.judge(case, exam.ask(case), GRADIENTS, n=values_per_sample(case))


@clause("LN.samples-independent", regimes=cases.SQUARED)
def test_samples_independent(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data)
    samples = case.x.reshape(-1, *case.x.shape[case.x.ndim - case.normalized_rank :])
    kept = data.draw(st.integers(0, len(samples) - 1), label="sample")
    others = data.draw(st.sampled_from((math.nan, math.inf, -7.0, 1e4)), label="the other samples")
    x = np.full_like(samples, others)
    x[kept] = samples[kept]
    y = exam.ask(dataclasses.replace(case, x=x.reshape(case.x.shape), recipe={})).arrays["y"].reshape(samples.shape)
    alone = dataclasses.replace(case, x=samples[kept : kept + 1].copy(), recipe={})
    exam.judge(alone, Outcome({"y": y[kept : kept + 1]}), ["y"], n=values_per_sample(case))
    exam.judge(alone, exam.ask(alone), ["y"], n=values_per_sample(case))


@clause("LN.mode-free", regimes=cases.SQUARED)
def test_mode_free(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, gradient=True)
    for training in (False, True):
        same = dataclasses.replace(case, training=training)
        exam.judge(same, exam.ask(same), GRADIENTS, n=values_per_sample(case))
