"""What no sound computation falls below: a sum of squares is not negative, and with epsilon added not below epsilon."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.bounded import Arithmetic, Bounded
from reference import layer_norm, moments

SINGLE = Arithmetic.of("float32")


def test_squares_sums_and_epsilon_have_a_least_value() -> None:
    x = Bounded.input(np.array([1e4, 1e4, 1e4]), SINGLE)
    variance = np.mean(np.square(x - np.mean(x)))
    assert variance.least == 0.0
    assert float(variance.value - variance.error) < 0.0  # the symmetric error alone does not know it
    shifted = variance + Bounded.input(1e-5, SINGLE)
    assert 0.99e-5 < shifted.least <= 1e-5
    root = np.sqrt(shifted)
    assert 0.99 * math.sqrt(1e-5) < root.least <= math.sqrt(1e-5)
    assert np.isfinite((1.0 / root).error)


def test_without_epsilon_nothing_is_known() -> None:
    x = Bounded.input(np.array([1e4, 1e4, 1e4]), SINGLE)
    assert not np.isfinite((1.0 / np.sqrt(np.mean(np.square(x - np.mean(x))))).error)


@pytest.mark.parametrize("function", [np.negative, np.tanh, np.exp, lambda x: x - 1.0, lambda x: x * -1.0])
def test_other_operations_forget_it(function: object) -> None:
    squares = np.square(Bounded.input(np.array([0.5, 2.0]), SINGLE))
    assert function(squares).least is None  # type: ignore[operator]


def test_a_sum_of_what_may_be_negative_has_none() -> None:
    clipped = np.maximum(Bounded.input(np.array([-3.0, -2.0]), SINGLE), -1.0)
    assert clipped.least == -1.0
    assert np.max(clipped).least == -1.0
    assert np.sum(clipped).least is None


@given(st.floats(1.0, 1e6), st.sampled_from((1e-12, 1e-5, 1e-3)), st.integers(2, 9))
def test_constant_rows_are_decided_and_hold_what_float32_gives(level: float, eps: float, n: int) -> None:
    x = np.full((1, n), np.float32(level), np.float32)
    # A mean that is off by one rounding is all that a sound implementation may leave of a constant row.
    for mean in (np.float32(level), np.nextafter(np.float32(level), np.float32(np.inf))):
        var = np.mean(np.square(x - mean), axis=-1, keepdims=True, dtype=np.float32)
        y = (x - mean) / np.sqrt(var + np.float32(eps))
        bounded = layer_norm.forward(Bounded.input(x, SINGLE), None, None, Bounded.input(eps, SINGLE), (1,))
        assert np.all(np.isfinite(bounded.error))
        assert np.all(np.abs(y - bounded.value) <= bounded.tolerance("float32"))


def test_one_pass_variance_explains_what_it_does_to_a_large_mean() -> None:
    x = np.array([[10000.0, 10001.0]])
    eps = Bounded.input(1e-5, SINGLE)
    sound = layer_norm.forward(Bounded.input(x, SINGLE), None, None, eps, (1,))
    weak = layer_norm.forward(Bounded.input(x, SINGLE), None, None, eps, (1,), moments.one_pass)
    cancelled = np.array([[-158.11389, 158.11389]])  # the variance came out as 0
    assert np.all(np.abs(cancelled - sound.value) > sound.tolerance("float32"))
    assert np.all(np.abs(cancelled - weak.value) <= weak.tolerance("float32"))
