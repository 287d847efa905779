"""The exact tests of counts: their false alarms and their power, computed from the binomial and met in simulation."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from conformance import bernoulli
from conformance.spread import spread_detectable_shift, spread_samples_needed, spread_test

#: Rejections of so many simulated counts: of 0.999 they are off by 0.001 about once in 10^9 (six deviations).
SIMULATED = 40_000
SLACK = 6 * math.sqrt(bernoulli.POWER * (1 - bernoulli.POWER) / SIMULATED)

SETTINGS = (
    # trials, probability, false alarm
    (1000, 0.5, 1e-3),
    (20_000, 0.9, 1e-6),
    (100_000, 0.001, 1e-12),
    (300_000, 0.9999, 1e-9),
)


def exact_tail(count: int, trials: int, probability: Fraction) -> Fraction:
    """P(K <= count), in whole numbers."""
    terms = (math.comb(trials, k) * probability**k * (1 - probability) ** (trials - k) for k in range(count + 1))
    return sum(terms, Fraction(0))


@pytest.mark.parametrize("count", [0, 1, 7, 20, 39, 40])
@pytest.mark.parametrize("probability", [0.5, 0.25, 0.0009765625])
def test_p_value_is_twice_the_smaller_tail(count: int, probability: float) -> None:
    below = exact_tail(count, 40, Fraction(probability))
    above = 1 - (exact_tail(count - 1, 40, Fraction(probability)) if count else 0)
    want = float(min(1, 2 * min(below, above)))
    assert bernoulli.count_test(count, 40, probability, 1e-3).p_value == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize(("trials", "probability", "false_alarm"), SETTINGS)
def test_interval_is_what_the_test_does_not_reject(trials: int, probability: float, false_alarm: float) -> None:
    low, high = bernoulli.interval(trials, probability, false_alarm)
    rejected = {
        count: bernoulli.count_test(count, trials, probability, false_alarm).rejected
        for count in (low - 1, low, high, high + 1)
        if 0 <= count <= trials
    }
    assert not rejected[low]
    assert not rejected[high]
    assert all(rejected[count] for count in (low - 1, high + 1) if count in rejected)
    law = stats.binom(trials, probability)
    assert law.cdf(low - 1) + law.sf(high) <= false_alarm


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize(("trials", "probability", "false_alarm"), SETTINGS)
def test_detectable_shift_is_detected_with_the_stated_power(
    trials: int, probability: float, false_alarm: float, direction: int
) -> None:
    shift = bernoulli.detectable_shift(trials, probability, false_alarm)
    low, high = bernoulli.interval(trials, probability, false_alarm)
    shifted = probability + direction * shift
    if 0 <= shifted <= 1:
        law = stats.binom(trials, shifted)
        assert law.cdf(low - 1) + law.sf(high) >= bernoulli.POWER - 1e-12
    counts = np.random.default_rng(1).binomial(trials, min(1.0, max(0.0, shifted)), SIMULATED)
    assert np.mean((counts < low) | (counts > high)) >= bernoulli.POWER - SLACK


@pytest.mark.parametrize(("trials", "probability", "false_alarm"), SETTINGS)
def test_a_smaller_shift_is_not_promised(trials: int, probability: float, false_alarm: float) -> None:
    shift = 0.95 * bernoulli.detectable_shift(trials, probability, false_alarm)
    low, high = bernoulli.interval(trials, probability, false_alarm)
    powers = [
        stats.binom(trials, shifted).cdf(low - 1) + stats.binom(trials, shifted).sf(high)
        for shifted in (probability + shift, probability - shift)
        if 0 <= shifted <= 1
    ]
    assert min(powers) < bernoulli.POWER


@pytest.mark.parametrize("probability", [0.5, 0.9, 0.001, 0.9999])
@pytest.mark.parametrize("multiple", [1, 1024])
def test_samples_needed_show_the_shift(probability: float, multiple: int) -> None:
    shift = min(0.01, 1 - probability, probability)
    needed = bernoulli.samples_needed(probability, shift, 1e-12, multiple)
    assert needed % multiple == 0
    assert bernoulli.detectable_shift(needed, probability, 1e-12) <= shift
    assert needed == multiple or bernoulli.detectable_shift(needed - multiple, probability, 1e-12) > shift


def test_no_samples_show_no_shift() -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        bernoulli.samples_needed(0.5, 0.0, 1e-9)


def test_a_shift_that_cannot_be_seen_is_infinite() -> None:
    # Not even ten of ten are as rare as that.
    assert bernoulli.detectable_shift(10, 0.5, 1e-9) == math.inf
    assert not bernoulli.count_test(10, 10, 0.5, 1e-9).rejected


def test_conforming_counts_are_rejected_as_rarely_as_stated() -> None:
    counts = np.random.default_rng(2).binomial(5000, 0.1, SIMULATED)
    low, high = bernoulli.interval(5000, 0.1, 0.01)
    rejected = np.count_nonzero((counts < low) | (counts > high))
    assert stats.binom(SIMULATED, 0.01).sf(rejected) > 1e-9
    # Exact and not a crude bound: no less than a half of what is stated.
    assert stats.binom(SIMULATED, 0.005).cdf(rejected) > 1e-9


@pytest.mark.parametrize(("count", "trials"), [(0, 50), (1, 50), (25, 50), (50, 50), (123, 10**6)])
def test_confidence_is_the_interval_of_clopper_and_pearson(count: int, trials: int) -> None:
    want = stats.binomtest(count, trials).proportion_ci(0.999, "exact")
    assert bernoulli.confidence(count, trials, 0.001) == pytest.approx((want.low, want.high), rel=1e-9)
    law_low, law_high = bernoulli.confidence(count, trials, 0.001)
    # What the interval leaves out is what the test rejects.
    for probability in (law_low * 0.99, min(1.0, law_high * 1.01)):
        if law_low > probability > 0 or law_high < probability < 1:
            assert bernoulli.count_test(count, trials, probability, 0.001).rejected


def test_extreme_shift_of_one_count_is_detected() -> None:
    counts, trials, false_alarm = 50, 2000, 1e-4
    shift = bernoulli.extreme_detectable_shift(counts, trials, 0.5, false_alarm)
    low, high = bernoulli.interval(trials, 0.5, false_alarm / counts)
    random = np.random.default_rng(3)
    drawn = random.binomial(trials, 0.5 + shift, SIMULATED)
    assert np.mean((drawn < low) | (drawn > high)) >= bernoulli.POWER - SLACK
    needed = bernoulli.extreme_samples_needed(counts, 0.5, shift, false_alarm)
    assert needed <= 1.01 * trials  # a count is whole: the shift does not fall with every trial
    assert bernoulli.extreme_detectable_shift(counts, needed, 0.5, false_alarm) <= shift
    found = random.binomial(trials, 0.5, counts)
    found[7] = high + 1
    test = bernoulli.extreme_test(found, trials, 0.5, false_alarm)
    assert test.rejected
    assert test.count == high + 1


SPREAD = 2000  #: simulated sums: each a chi-square of 64 counts


def statistic(counts: np.ndarray, trials: int, probability: float) -> np.ndarray:
    return np.sum((counts - trials * probability) ** 2, -1) / (trials * probability * (1 - probability))


def test_spread_shift_is_detected_with_the_stated_power() -> None:
    counts, trials, false_alarm = 64, 256, 1e-6
    shift = spread_detectable_shift(counts, trials, 0.5, false_alarm)
    random = np.random.default_rng(4)
    half = [random.binomial(trials, 0.5 + sign * shift, (SPREAD, counts // 2)) for sign in (1, -1)]
    tests = [spread_test(each, trials, 0.5, false_alarm) for each in np.concatenate(half, 1)[:200]]
    assert all(test.rejected for test in tests)
    # The bound behind it is no idle one: with a half of the shift most go unseen.
    half = [random.binomial(trials, 0.5 + sign * shift / 2, (200, counts // 2)) for sign in (1, -1)]
    assert sum(spread_test(each, trials, 0.5, false_alarm).rejected for each in np.concatenate(half, 1)) < 100
    needed = spread_samples_needed(counts, 0.5, shift, false_alarm)
    assert needed <= trials
    assert spread_detectable_shift(counts, needed, 0.5, false_alarm) <= shift


@pytest.mark.parametrize(("trials", "probability"), [(64, 0.5), (256, 0.5), (400, 0.05)])
def test_bound_on_the_spread_is_above_its_tail(trials: int, probability: float) -> None:
    """The p-value bounds the share of conforming sums that are as extreme, and is no more than tenfold that."""
    random = np.random.default_rng(5)
    sums = statistic(random.binomial(trials, probability, (50_000, 64)), trials, probability)
    for quantile in (0.001, 0.01, 0.99, 0.999):
        at = np.quantile(sums, quantile)
        beyond = min(quantile, 1 - quantile)
        nearest = random.binomial(trials, probability, (4000, 64))
        row = nearest[np.argmin(np.abs(statistic(nearest, trials, probability) - at))]
        test = spread_test(row, trials, probability, 1e-6)
        share = 2 * min(np.mean(sums >= test.statistic), np.mean(sums <= test.statistic))
        assert share <= test.p_value + 6 * math.sqrt(beyond / 50_000)
        assert test.p_value <= 10 * share + 0.01


def test_what_is_too_even_is_rejected() -> None:
    test = spread_test(np.full(67, 128), 256, 0.5, 1e-12)
    assert test.rejected
    assert test.statistic == 0.0
    assert spread_detectable_shift(1, 4, 0.5, 1e-12) == math.inf


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize(
    ("probability", "shift", "false_alarm"), [(0.5, 0.01, 1e-9), (0.9, 0.003, 1e-12), (0.999, 9e-4, 1e-6)]
)
def test_samples_that_are_needed_show_the_shift(
    probability: float, shift: float, false_alarm: float, direction: int
) -> None:
    random, moved = np.random.default_rng(6), probability + direction * shift
    for counts in (1, 50):
        if counts == 1:
            needed = bernoulli.samples_needed(probability, shift, false_alarm)
        else:
            needed = bernoulli.extreme_samples_needed(counts, probability, shift, false_alarm)
        low, high = bernoulli.interval(needed, probability, false_alarm / counts)
        drawn = random.binomial(needed, moved, SIMULATED)
        assert np.mean((drawn < low) | (drawn > high)) >= bernoulli.POWER - SLACK


def test_samples_that_are_needed_show_a_spread() -> None:
    counts, shift, false_alarm = 64, 0.08, 1e-9
    needed = spread_samples_needed(counts, 0.5, shift, false_alarm)
    random = np.random.default_rng(7)
    halves = [random.binomial(needed, 0.5 + sign * shift, (200, counts // 2)) for sign in (1, -1)]
    assert all(spread_test(each, needed, 0.5, false_alarm).rejected for each in np.concatenate(halves, 1))
    # And not many more than that: with a third of them some go unseen.
    few = needed // 3
    halves = [random.binomial(few, 0.5 + sign * shift, (200, counts // 2)) for sign in (1, -1)]
    assert not all(spread_test(each, few, 0.5, false_alarm).rejected for each in np.concatenate(halves, 1))
