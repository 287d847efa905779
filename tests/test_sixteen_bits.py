"""16-bit dtypes: values, what is printed of them, where bfloat16 cannot be had, and the models behind their grades."""

from __future__ import annotations

import importlib.util
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import adapters.base
from adapters.base import SIXTEEN_BITS, Activation, Dense, Subject, dtype_of
from adapters.numpy import NumPy
from conformance import cases, expectation, grid, regimes
from conformance.bounded import Bounded, format_of
from conformance.clauses import CLAUSES
from conformance.examination import Examination, clause
from conformance.generation import _strata

DTYPES = (*SIXTEEN_BITS, "float32", "float64")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("regime", regimes.NAMES)
def test_values_of_every_regime_are_finite_numbers_of_the_dtype(regime: str, dtype: str) -> None:
    values = regimes.fill(regime, (64, 33), 3, dtype)
    assert values.dtype.name == dtype
    assert np.isfinite(values.astype(np.float64)).all()
    assert len(np.unique(values)) > 1 or regime == "constant"


def test_offset_keeps_a_deviation_and_huge_squares_overflow_float16() -> None:
    for dtype in DTYPES:
        assert np.unique(regimes.fill("offset", (512,), 1, dtype, ratio=1e5).astype(np.float64)).size > 8
    huge = regimes.fill("huge", (512,), 1, "float16").astype(np.float64)
    assert np.abs(huge).max() < format_of("float16").largest < np.square(huge).max()


@pytest.mark.parametrize("dtype", SIXTEEN_BITS)
@given(data=st.data())
def test_printed_case_makes_the_same_arrays(dtype: str, data: st.DataObject) -> None:
    case: Any = data.draw(cases.activations("prelu", dtype, regime="subnormal", gradient=True))
    names = {"np": np, "fill": regimes.fill, "Activation": Activation, "ml_dtypes": ml_dtypes}
    again = eval(cases.describe(case), names)  # what it prints is ours
    for name, value in case.arrays():
        assert getattr(again, name).dtype == value.dtype
        assert np.array_equal(getattr(again, name).view(np.uint16), value.view(np.uint16))
    assert ("import ml_dtypes" in cases.describe(case)) == (dtype == "bfloat16")


def test_bfloat16_is_dropped_where_ml_dtypes_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ml_dtypes" else find(name))
    assert [subject.dtype for subject in NumPy().subjects()] == ["float32", "float64", "float16", "mixed_float16"]
    assert adapters.base.dtype_missing("bfloat16") == "ml_dtypes not installed: python -m pip install ml_dtypes"
    assert adapters.base.dtype_missing("float16") is None


def test_sixteen_bit_subjects_are_asked_strata_that_concern_them() -> None:
    assert list(_strata(cases.SQUARED, "float32")) == list(cases.SQUARED)
    assert list(_strata(cases.SQUARED, "bfloat16")) == ["normal", "offset", "huge", "subnormal", "wide"]
    # A clause's own strata are no numeric regimes, and one that knows no other is asked what it knows.
    for own in (("without gamma", "without beta"), ("training", "inference"), ("constant",)):
        assert list(_strata(own, "float16")) == list(own)


@pytest.mark.parametrize("dtype", SIXTEEN_BITS)
def test_rounded_model_admits_a_sum_rounded_once_and_no_sum_in_sixteen_bits(dtype: str) -> None:
    ones = Activation(name="relu", x=np.ones(3000, dtype_of(dtype)))
    models = {model.grade: model for model in expectation.WEAKER if model.concerns(ones, dtype)}
    sums = {
        grade: np.sum(Bounded.exact(np.ones(3000), models[grade].arithmetic(ones, dtype)))
        for grade in ("rounded", "native")
    }
    once = float(np.float32(3000).astype(dtype_of(dtype)))
    stuck = float(np.cumsum(np.ones(3000, dtype_of(dtype)))[-1])
    assert stuck == {"float16": 2048.0, "bfloat16": 256.0}[dtype]
    assert abs(once - 3000) <= sums["rounded"].tolerance(dtype) < abs(stuck - 3000) <= sums["native"].tolerance(dtype)


def test_control_rounds_once() -> None:
    x = np.full((3000, 1), 300.0, np.float16)
    x[::2] += 100
    found = NumPy().ask(
        Subject("numpy", "control", dtype="float16"),
        adapters.base.BatchNorm(
            x=x, gamma=None, beta=np.zeros(1, np.float16), running_mean=None, running_var=None, eps=1e-5, momentum=0.1,
            channel_axis=1, training=True, dy=np.ones_like(x),
        ),
    )  # fmt: skip
    assert found.arrays["dbeta"] == 3000
    assert np.abs(found.arrays["y"]).max() == 1


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_clause_has_strata_in_every_dtype_that_it_concerns(dtype: str) -> None:
    with pytest.raises(ValueError, match="would ask nothing"):
        clause("BN.train.output", regimes=())

    @clause("BN.train.output", generated=False)
    def silent(exam: Examination) -> None:
        pass

    exam = Examination(CLAUSES["BN.train.output"], Subject("numpy", "control", dtype=dtype), NumPy())
    with pytest.raises(RuntimeError, match="asked nothing"):
        silent(exam)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("added", [0.0, 1.0, -16.0])
def test_what_is_added_on_a_grid_is_added_exactly(dtype: str, added: float) -> None:
    for scale in (1e-3, 0.7, 3.0, 30.0):
        x = (scale * np.random.default_rng(3).standard_normal(512)).astype(dtype_of(dtype))
        width = grid.step(x, added)
        snapped = grid.snapped(x, width)
        moved = snapped + snapped.dtype.type(added)
        assert np.array_equal(moved.astype(np.float64), snapped.astype(np.float64) + added)
        again = eval(grid.written(width, dtype).format("x"), {"np": np, "x": x})  # what it prints is ours
        assert np.array_equal(again, snapped)
        assert np.unique(snapped.astype(np.float64)).size > 3 or scale < 0.1


@pytest.mark.parametrize("dtype", [*DTYPES, "mixed_float16", "mixed_bfloat16"])
@given(data=st.data())
def test_sums_of_whole_neurons_are_exact(dtype: str, data: st.DataObject) -> None:
    case: Any = data.draw(cases.whole_denses(dtype))
    room = 1 / format_of(case.x.dtype.name).roundoff
    x, weight, bias, dy = (value.astype(np.float64) for value in (case.x, case.weight, case.bias, case.dy))
    assert (np.abs(x) @ np.abs(weight).T + np.abs(bias)).max() + 64 <= room
    assert np.abs(dy.reshape(-1, len(bias))).sum(0).max() <= room
    names = {"np": np, "Dense": Dense, "ml_dtypes": ml_dtypes}
    again = eval(cases.describe(case), names)  # what it prints is ours
    assert all(np.array_equal(getattr(again, name), value) for name, value in case.arrays())
