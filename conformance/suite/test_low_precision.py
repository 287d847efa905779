"""Normalization of 16-bit tensors over long reductions: what must be accumulated in float32 at least."""

from __future__ import annotations

import math

from hypothesis import strategies as st

from adapters.base import BatchNorm, LayerNorm
from conformance import cases
from conformance.examination import Examination, clause

REGIMES = ("hundreds", "normal")
#: What is summed in the backward pass has one sign, so that a sum in 16 bits stops growing.
COTANGENTS = "positive"


@clause("BN.low-precision", regimes=REGIMES)
def test_batch_norm(exam: Examination, data: st.DataObject) -> None:
    strategy = cases.long_batch_norms(exam.dtype, exam.dialect, regime=exam.regime, cotangent=COTANGENTS)
    case: BatchNorm = data.draw(strategy, label="case")
    outputs = ("y", "dx", "dgamma", "dbeta", "running_mean", "running_var")
    outcome = exam.ask(case)
    there = [name for name in outputs if not name.startswith("running_") or name in outcome.state]
    exam.judge(case, outcome, there)


@clause("LN.low-precision", regimes=REGIMES)
def test_layer_norm(exam: Examination, data: st.DataObject) -> None:
    strategy = cases.long_layer_norms(exam.dtype, exam.dialect, regime=exam.regime, cotangent=COTANGENTS)
    case: LayerNorm = data.draw(strategy, label="case")
    features = math.prod(case.x.shape[case.x.ndim - case.normalized_rank :])
    exam.judge(case, exam.ask(case), ("y", "dx", "dgain", "dbias"), n=features)
