"""Dropout, given the mask, proved."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reference import dropout
from tests.reference.proof import DIGITS, Array, complex_step, exact, holds, prove

SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4)
#: Finite after division by the least 1 - rate that a float64 has, 2^-53.
NUMBERS = st.floats(-1e290, 1e290)
RATES = st.floats(0.0, 1.0, exclude_max=True) | st.sampled_from([0.0, 0.5, 1e-300, 1.0 - 2.0**-53])


@st.composite
def cases(draw: st.DrawFn) -> tuple[Array, Array, float]:
    shape = draw(SHAPES)
    return draw(hnp.arrays(np.float64, shape, elements=NUMBERS)), draw(hnp.arrays(bool, shape)), draw(RATES)


@prove
@given(cases())
def test_output_and_gradient_are_the_definition(case: tuple[Array, Array, float]) -> None:
    x, mask, rate = case
    with mpmath.workdps(DIGITS):
        kept = exact(x) / (1 - mpmath.mpf(rate))
        want = np.where(mask, kept, mpmath.mpf(0))
        holds(dropout.forward(x, mask, rate), want)
        holds(dropout.gradient(x, mask, rate), want)
    assert not dropout.forward(x, mask, rate)[~mask].any()


@prove
@given(cases())
def test_gradient_is_the_complex_step_of_the_forward_pass(case: tuple[Array, Array, float]) -> None:
    x, mask, rate = case
    dy = np.random.default_rng(x.size).standard_normal(x.shape)
    # |x| <= 1e290 drowns no step: real and imaginary parts are divided apart.
    holds(dropout.gradient(dy, mask, rate), complex_step(lambda x: dropout.forward(x, mask, rate), x, dy))


def test_rate_zero_is_the_identity_where_the_mask_keeps() -> None:
    x = np.array([1.5, -0.0, 5e-324, 1e308])
    np.testing.assert_array_equal(dropout.forward(x, np.full(4, True), 0.0), x)


@pytest.mark.parametrize("mask", [[True] * 4, [False] * 4, [True, False, True, False]])
@pytest.mark.filterwarnings("error")
def test_rate_one_gives_zeros_whatever_the_input(mask: list[bool]) -> None:
    x = np.array([1.0, np.nan, np.inf, -np.inf])
    np.testing.assert_array_equal(dropout.forward(x, np.array(mask), 1.0), np.zeros(4))
    np.testing.assert_array_equal(dropout.gradient(x, np.array(mask), 1.0), np.zeros(4))


def test_what_is_dropped_is_zero_even_if_it_was_no_number() -> None:
    x = np.array([np.nan, np.inf, 3.0, np.nan])
    np.testing.assert_array_equal(dropout.forward(x, np.array([False, False, True, True]), 0.25), [0, 0, 4.0, np.nan])
