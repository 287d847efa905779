"""Kin of dropout: what alpha dropout keeps, in many digits; gradients by the complex step; weights by hand."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from reference import dropout_kin

RATES = (0.001, 0.1, 0.5, 0.9)


@pytest.mark.parametrize("rate", RATES)
def test_alpha_dropout_keeps_mean_and_variance(rate: float) -> None:
    """Of x = 1 and x = -1, each as likely: mean 0 and variance 1 after it, by the exact probabilities."""
    with mpmath.workdps(40):
        kept, dropped = (dropout_kin.alpha(np.array([1.0, -1.0]), np.full(2, mask), rate) for mask in (True, False))
        q = 1 - mpmath.mpf(rate)
        outcomes = [(q / 2, kept[0]), (q / 2, kept[1]), (1 - q, dropped[0])]
        mean = mpmath.fsum(weight * mpmath.mpf(float(value)) for weight, value in outcomes)
        square = mpmath.fsum(weight * mpmath.mpf(float(value)) ** 2 for weight, value in outcomes)
    assert abs(mean) < 1e-15
    assert abs(square - 1) < 1e-15


@pytest.mark.parametrize("rate", RATES)
def test_alpha_constants_are_those_of_the_paper(rate: float) -> None:
    with mpmath.workdps(40):
        q, lower = 1 - mpmath.mpf(rate), mpmath.mpf(dropout_kin.LOWER)
        scale = (q + lower**2 * q * (1 - q)) ** mpmath.mpf(-0.5)
        shift = -scale * (1 - q) * lower
    assert float(dropout_kin.alpha_scale(rate)) == pytest.approx(float(scale), rel=1e-14)
    got = dropout_kin.alpha(np.array([0.0]), np.array([True]), rate)
    assert got[0] == pytest.approx(float(shift), rel=1e-14)


@pytest.mark.parametrize("rate", RATES)
def test_alpha_gradient_is_the_derivative(rate: float) -> None:
    x, mask, dy = np.array([0.5, -2.0, 3.0]), np.array([True, False, True]), np.array([1.0, 2.0, -3.0])
    step = 1e-200
    derivative = np.imag(dropout_kin.alpha(x + 1j * step, mask, rate)) / step
    np.testing.assert_allclose(dropout_kin.alpha_gradient(dy, mask, rate), dy * derivative, rtol=1e-14, atol=0)


def test_weights_of_equal_scores_are_equal() -> None:
    mask = np.array([[[True, False], [True, True]]])
    got = dropout_kin.weights(np.zeros((1, 2, 2)), mask, 0.75)
    np.testing.assert_array_equal(got, [[[2.0, 0.0], [2.0, 2.0]]])


def test_deviation_is_that_of_dropout() -> None:
    """Dropout of 1 has the variance rate/(1 - rate)."""
    for rate in RATES:
        q = 1 - rate
        variance = q * (1 / q - 1) ** 2 + rate
        assert dropout_kin.deviation(rate) ** 2 == pytest.approx(variance, rel=1e-14)
