"""Batch normalization of arrays that lie in memory in other ways, and of an epsilon of 0."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import strategies as st

from conformance import expectation
from conformance.examination import Examination, clause
from conformance.layouts import DISTINCT, LAYOUTS, laid
from conformance.suite.test_batch_norm import STATISTICS
from conformance.suite.test_batch_norm_corners import ORDINARY, draw, refused_or_answered
from conformance.suite.test_batch_norm_relations import ANSWERS, compare

#: (samples, channels, *space). No two sizes are equal, so that no two layouts are one; one has an axis whose stride
#: means nothing.
LAID = ((3, 2), (2, 3, 5), (2, 3, 4, 5), (2, 3, 5, 1, 4))


@clause("BN.layout", regimes=("normal", "offset"))
def test_layout(exam: Examination, data: st.DataObject) -> None:
    training = data.draw(st.booleans(), label="training")
    base = draw(exam, data, tuple(exam.palette.few(LAID, 2)), training=training, regime=exam.regime)
    for written in exam.palette.few(tuple(LAYOUTS), *DISTINCT):
        case = laid(base, written, "x")
        compare(exam, case, exam.ask(case), (*ANSWERS, *STATISTICS), expectation.expect)
    written = data.draw(st.sampled_from(sorted(LAYOUTS)), label="layout of dy")
    for case in (laid(base, written, "dy"), laid(laid(base, written, "x"), written, "dy")):
        compare(exam, case, exam.ask(case), ANSWERS, expectation.expect)


@clause("BN.eps-zero", regimes=("normal", "ramp", "offset"))
def test_eps_zero(exam: Examination, data: st.DataObject) -> None:
    training = data.draw(st.booleans(), label="training")
    case = draw(exam, data, tuple(exam.palette.few(ORDINARY, 2)), training=training, regime=exam.regime)
    # Every value of a channel is another one, whatever was drawn: no variance is zero.
    spread = np.arange(case.x.size, dtype=np.float64).reshape(case.x.shape)
    x = (case.x + spread).astype(exam.dtype)
    recipe = {**case.recipe}
    if "x" in recipe:
        recipe["x"] = f"({recipe['x']} + np.arange({x.size}.0).reshape({x.shape})).astype({exam.dtype!r})"
    case = dataclasses.replace(case, x=x, eps=0.0, recipe=recipe)
    answer = refused_or_answered(exam, case)
    if answer is not None:
        compare(exam, case, answer, (*ANSWERS, *STATISTICS), expectation.expect)
