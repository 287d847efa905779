"""Normalization of 16-bit tensors over long reductions: what must be accumulated in float32 at least."""

from __future__ import annotations

from hypothesis import strategies as st

from adapters.base import BatchNorm, LayerNorm
from conformance import cases
from conformance.examination import Examination, clause

REGIMES = ("hundreds", "normal")
#: What is summed in the backward pass has one sign, so that a sum in 16 bits stops growing.
COTANGENTS = "positive"
#: The last rounding, to 16 bits, is about as large as what sums of this length may be off by in float32, so that the
#: bound's sharpness shows here as it does for a few values.
FEW = 1


@clause("BN.low-precision", regimes=REGIMES)
def test_batch_norm(exam: Examination, data: st.DataObject) -> None:
    strategy = cases.long_batch_norms(exam.subject.dtype, exam.dialect, regime=exam.regime, cotangent=COTANGENTS)
    case: BatchNorm = data.draw(strategy, label="case")
    outputs = ("y", "dx", "dgamma", "dbeta", "running_mean", "running_var")
    outcome = exam.ask(case)
    there = [name for name in outputs if not name.startswith("running_") or name in outcome.state]
    exam.judge(case, outcome, there, n=FEW)


@clause("LN.low-precision", regimes=REGIMES)
def test_layer_norm(exam: Examination, data: st.DataObject) -> None:
    strategy = cases.long_layer_norms(exam.subject.dtype, exam.dialect, regime=exam.regime, cotangent=COTANGENTS)
    case: LayerNorm = data.draw(strategy, label="case")
    exam.judge(case, exam.ask(case), ("y", "dx", "dgain", "dbias"), n=FEW)
