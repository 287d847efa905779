"""Dropout is asked in every dtype and mode that an api has, its kin in every dtype; what is asked is exact there."""

from __future__ import annotations

import numpy as np
import pytest

from adapters.base import BRIEF_DROPOUT, KIN, SIXTEEN_BITS, Adapter, Subject, dtype_of
from conformance import backends, plan
from conformance.clauses import CLAUSES
from conformance.qualification.bench import caught_by
from conformance.qualification.faults import FAULTS
from conformance.qualification.registry import Fault
from conformance.suite.test_dropout_kin import CUTS, RATES, threshold
from reference.dropout_kin import deviation

DTYPES = ("float64", "float32", "float16", "bfloat16")
ADAPTERS = [backends.adapter(name) for name in backends.names()]
WRONG_KIN = [each for each in FAULTS if each.clause in ("DO.alpha", "DO.gaussian", "DO.attention")]
#: Asked of a subject that is asked in brief.
ALWAYS = {"DO.rate", "DO.support", "DO.grad", "DO.recomputed", "DO.seed"}


def asked(adapter: Adapter, clause: str) -> set[Subject]:
    return {entry.subject for entry in plan.entries(CLAUSES[clause], [adapter])}


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.name)
def test_dropout_is_asked_in_every_dtype_and_mode(adapter: Adapter) -> None:
    pytest.importorskip("ml_dtypes")
    if adapter.name == "jax":
        pytest.importorskip("flax")
    for api in (api for api, offered in adapter.apis.items() if "dropout" in offered):
        for mode in adapter.modes_of(api):
            everywhere = {Subject(adapter.name, api, mode, dtype=dtype) for dtype in DTYPES}
            for clause in ALWAYS:
                assert everywhere <= asked(adapter, clause), (clause, api, mode)
            if mode != "eager":
                assert everywhere <= asked(adapter, "DO.modes"), (api, mode)
        eagerly = {Subject(adapter.name, api, "eager", dtype=dtype) for dtype in DTYPES}
        if "eager" in adapter.modes_of(api):
            for clause in ("DO.independent", "DO.expectation", "DO.special", "DO.shared"):
                assert eagerly <= asked(adapter, clause), (clause, api)


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.name)
def test_kin_are_asked_in_every_dtype(adapter: Adapter) -> None:
    pytest.importorskip("ml_dtypes")
    if adapter.name == "jax":
        pytest.importorskip("flax")
    for api, offered in adapter.apis.items():
        for kind in offered & KIN:
            clause = f"DO.{kind.removesuffix('_dropout')}"
            eagerly = {Subject(adapter.name, api, dtype=dtype) for dtype in DTYPES}
            assert eagerly <= asked(adapter, clause), (clause, api)


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.name)
def test_what_is_asked_in_brief_is_asked_nothing_else(adapter: Adapter) -> None:
    for subject in adapter.subjects():
        if BRIEF_DROPOUT in (offered := adapter.offers(subject)):
            assert "dropout" not in offered
            assert subject not in asked(adapter, "DO.independent")


@pytest.mark.parametrize("dtype", SIXTEEN_BITS)
@pytest.mark.parametrize("rate", RATES)
def test_no_rounding_crosses_a_threshold(rate: float, dtype: str) -> None:
    """Counts below it are those of the noise that was not rounded, number for number."""
    pytest.importorskip("ml_dtypes")
    noise = (1 + deviation(rate) * np.random.default_rng(1).standard_normal(2**18)).astype(np.float32)
    stored = noise.astype(dtype_of(dtype)).astype(np.float64)
    for near in (1 + deviation(rate) * cut for cut in CUTS):
        cut = threshold(near, dtype)
        assert np.array_equal(stored < cut, noise < cut)
        assert np.array_equal(stored > cut, noise > cut)
        assert abs(cut - near) <= 2.0**-7 * abs(near) + 2.0**-25  # half the least number of float16
    # Not so of the numbers themselves: of what is just below 1 much is rounded to 1.
    assert np.count_nonzero(stored < 1) < np.count_nonzero(noise < 1)


@pytest.mark.parametrize("dtype", SIXTEEN_BITS)
@pytest.mark.parametrize("fault", WRONG_KIN, ids=lambda fault: fault.id)
def test_wrong_kin_are_caught_in_sixteen_bits(fault: Fault, dtype: str) -> None:
    pytest.importorskip("ml_dtypes")
    assert caught_by(fault, fault.clause, 0, {"dtype": dtype}) is not None


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("id", ["DO.rate-rate-hundredth-too-high", "DO.rate-rate-in-eight-bits"])
def test_wrong_rates_are_caught_in_every_dtype(id: str, dtype: str) -> None:
    pytest.importorskip("ml_dtypes")
    (fault,) = (each for each in FAULTS if each.id == id)
    assert caught_by(fault, fault.clause, 1, {"dtype": dtype}) is not None
