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
from adapters.base import SIXTEEN_BITS, Activation, Subject, dtype_of
from adapters.numpy import NumPy
from conformance import cases, expectation, regimes
from conformance.bounded import Bounded, format_of
from conformance.examination import _strata

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
    assert [subject.dtype for subject in NumPy().subjects()] == ["float32", "float64", "float16"]
    assert adapters.base.dtype_missing("bfloat16") == "ml_dtypes not installed: python -m pip install ml_dtypes"
    assert adapters.base.dtype_missing("float16") is None


def test_sixteen_bit_subjects_are_asked_strata_that_concern_them() -> None:
    assert list(_strata(cases.SQUARED, "float32")) == list(cases.SQUARED)
    assert list(_strata(cases.SQUARED, "bfloat16")) == ["normal", "offset", "huge", "subnormal", "wide"]


@pytest.mark.parametrize("dtype", SIXTEEN_BITS)
def test_rounded_model_admits_a_sum_rounded_once_and_no_sum_in_sixteen_bits(dtype: str) -> None:
    ones = Activation(name="relu", x=np.ones(3000, dtype_of(dtype)))
    models = {model.grade: model for model in expectation.WEAKER if model.concerns(dtype)}
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
