"""The bound of random sums is used of random sums alone: what a clause makes of its data may be random no more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adapters.base import BatchNorm, LayerNorm
from adapters.numpy import ADAPTER
from conformance import profiles, regimes
from conformance._arithmetic import LONG_SUM
from conformance.clauses import CLAUSES
from conformance.expectation import Model
from conformance.qualification import bench
from conformance.qualification.registry import Sound

Array = np.ndarray[Any, np.dtype[Any]]

CONTROL = Sound("control", "the control itself", ADAPTER)
NORMALIZATION = [each for each in CLAUSES if each.startswith(("BN", "LN"))]


def sums(case: BatchNorm | LayerNorm) -> Array:
    """The terms of each sum over x: [sums, terms]."""
    if isinstance(case, BatchNorm):
        return np.moveaxis(case.x, case.channel_axis, 0).reshape(case.x.shape[case.channel_axis], -1)
    return case.x.reshape(-1, int(np.prod(case.x.shape[case.x.ndim - case.normalized_rank :])))


def lean(x: Array) -> Array:
    """By how many deviations of a random walk each sum is away from zero."""
    x = x.astype(np.float64)
    walk = np.sqrt(np.sum(np.square(x), axis=1))
    return np.abs(np.sum(x, axis=1)) / np.where(walk > 0, walk, 1.0)


@pytest.mark.parametrize("clause", NORMALIZATION)
def test_what_is_taken_as_random_leans_to_no_side(clause: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arithmetic = Model.arithmetic
    found: list[float] = []

    def watched(model: Model, case: Any, dtype: str) -> Any:
        if isinstance(case, BatchNorm | LayerNorm) and case.regime in regimes.RANDOM - {"ones"} and case.x.size:
            terms = sums(case)
            if terms.shape[1] > LONG_SUM:
                found.append(float(lean(terms).max()))
        return arithmetic(model, case, dtype)

    monkeypatch.setattr(Model, "arithmetic", watched)
    monkeypatch.setattr(profiles, "_chosen", "ci")
    for exam in bench.examinations(CONTROL, clause, only={"dtype": "float32"}):
        bench.tests()[clause](exam)
    if clause in ("BN.large", "LN.large"):
        assert found
    assert all(each < 7 for each in found), max(found)
