"""Whether many counts are off by little: chi-square of independent binomial counts, with a bound on its tails.

The extremes of several counts (:func:`conformance.bernoulli.extreme_test`) show one that is off by much. A generator
that favours every second position by a little shows in the sum of the squared standardized deviations, and so does one
that is too even to be random, below. The distribution of that sum is not approximated by chi-square's, which at 1e-12
would be off by powers of ten: Chernoff's bound on its tails is computed from the binomial itself.

Source: H. Chernoff, "A measure of asymptotic efficiency for tests of a hypothesis based on the sum of observations",
Ann. Math. Stat. 23 (1952).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from adapters.base import Array
from conformance.bernoulli import POWER, needed, scipy


@dataclass(frozen=True)
class SpreadTest:
    """A test of chi-square, the sum of the squared standardized deviations of independent counts."""

    statistic: float
    counts: int
    trials: int
    probability: float
    p_value: float  #: a bound on it, by Chernoff
    false_alarm: float
    detectable_shift: float

    @property
    def rejected(self) -> bool:
        return self.p_value < self.false_alarm

    def as_dict(self) -> dict[str, float | int]:
        """As of a :class:`CountTest`, but for the statistic."""
        return {**vars(self)}

    def __str__(self) -> str:
        return (
            f"chi-square {self.statistic:.1f} of {self.counts} counts of {self.trials}, expected {self.counts}, "
            f"p-value below {self.p_value:.3g} at a false-alarm probability of {self.false_alarm:.3g}"
        )


def spread_test(counts: Array, trials: int, probability: float, false_alarm: float) -> SpreadTest:
    """Test whether independent counts, each Binomial(trials, probability), spread as such counts do.

    The distribution of chi-square is not approximated: Chernoff's bound on its tails is computed from the binomial
    itself, P(S >= s) <= E[exp(tS)] exp(-ts) for every t > 0, and likewise below. The p-value is twice the smaller.
    """
    deviations = (counts.astype(np.float64) - trials * probability) ** 2 / (trials * probability * (1 - probability))
    statistic = float(deviations.sum())
    law = _law(trials, probability, probability)
    tail = min(_chernoff(law, statistic, counts.size, sign) for sign in (1, -1))
    shift = spread_detectable_shift(counts.size, trials, probability, false_alarm)
    return SpreadTest(statistic, int(counts.size), trials, probability, min(1.0, 2 * tail), false_alarm, shift)


@functools.lru_cache(maxsize=256)
def spread_detectable_shift(counts: int, trials: int, probability: float, false_alarm: float) -> float:
    """The smallest shift that is rejected with probability POWER if half of the counts have it up, half down.

    Infinite where there is none.
    """
    law = _law(trials, probability, probability)
    largest = float(law[0].max()) * counts
    if 2 * _chernoff(law, largest, counts, 1) >= false_alarm:
        return math.inf
    critical = _bisected(lambda s: 2 * _chernoff(law, s, counts, 1) < false_alarm, float(counts), largest)

    def shows(shift: float) -> bool:
        ends = [_law(trials, probability, min(1.0, max(0.0, probability + sign * shift))) for sign in (1, -1)]
        both = np.concatenate([ends[0][0], ends[1][0]]), np.concatenate([ends[0][1], ends[1][1]]) - math.log(2)
        # A count of one law or the other, by a coin: as many of each is, for a sum, no wider than that.
        return _chernoff(both, critical, counts, -1) <= 1 - POWER

    most = min(probability, 1 - probability)
    return _bisected(shows, 0.0, most) if shows(most) else math.inf


def spread_samples_needed(counts: int, probability: float, shift: float, false_alarm: float) -> int:
    """The trials of each of so many counts at which such a shift is rejected with probability POWER."""
    return needed(
        lambda trials: spread_detectable_shift(counts, trials, probability, false_alarm),
        probability, shift, false_alarm, 1,
    )  # fmt: skip


#: Squared standardized deviations of a count, and the logarithms of their probabilities.
_Law = tuple[Array, Array]


@functools.lru_cache(maxsize=64)
def _law(trials: int, probability: float, actual: float) -> _Law:
    """What a count adds to chi-square, by the stated probability, and how likely that is under the actual one."""
    counts = np.arange(trials + 1)
    squares = (counts - trials * probability) ** 2 / (trials * probability * (1 - probability))
    return squares, scipy("stats").binom.logpmf(counts, trials, actual)


def _chernoff(law: _Law, sum_of: float, counts: int, sign: int) -> float:
    """A bound on the probability that so many independent counts add up to this much or more (sign 1), or less (-1).

    Whatever t the search ends at, the bound holds: it could only be sharper.
    """
    minimize_scalar = scipy("optimize").minimize_scalar
    squares, weights = law

    def exponent(t: float) -> float:
        # In logarithms: far out a weight is smaller than any number, and its term may be the largest.
        terms = sign * t * squares + weights
        moment = terms.max() + np.log(np.sum(np.exp(terms - terms.max())))
        return float(counts * moment - sign * t * sum_of)

    found = minimize_scalar(exponent, bounds=(0.0, 50.0 if sign < 0 else 2.0), method="bounded")
    return math.exp(min(0.0, float(found.fun)))


def _bisected(holds: Callable[[float], bool], fails: float, succeeds: float) -> float:
    """Where something that holds at one end and not at the other begins to hold, from the side where it does."""
    for _ in range(40):
        middle = (fails + succeeds) / 2
        fails, succeeds = (fails, middle) if holds(middle) else (middle, succeeds)
    return succeeds
