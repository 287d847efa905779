"""Exact tests for random masks, with a stated false-alarm probability and a stated power.

**The question.** A framework drops elements at random; is it the randomness that the specification states? A tolerance
on the share that is kept would be flaky or blind, depending on who typed it. What is known instead is a distribution:
of N elements that are kept independently with probability q the number kept is Binomial(N, q), whatever generator the
framework has. So a test here is an exact one of a *count*, and there is no tolerance in it.

**Three numbers belong to every test**, and each assertion below comes with the two functions that tell them:

- its *false-alarm probability*: how often it rejects a conforming subject. It is a bound and no approximation: the
  tails of the binomial are summed (the regularized incomplete beta function), where a normal approximation would be
  off by powers of ten at 1e-13. All of one run come out of :data:`LEDGER`: shared evenly among the statistical clauses
  x subjects (Bonferroni), then among the counts of each, so that 1e-9 bounds the whole run, however the counts depend
  on each other.
- its *detectable shift*: the smallest shift of the probability, up or down, that is rejected with probability
  :data:`POWER` at least. A test that does not say what it sees may see nothing.
- the *samples that it needs* to see a given shift: how N is chosen. N is fixed before anything is drawn; nobody looks
  at the count and goes on drawing (for evidence that accumulates over nights there is :mod:`conformance.evidence`).

===================  ===================================  ========================================
assertion            detectable discrepancy               samples needed
===================  ===================================  ========================================
``count_test``       ``detectable_shift``                 ``samples_needed``
``extreme_test``     ``extreme_detectable_shift``         ``extreme_samples_needed``
``spread_test``      ``spread_detectable_shift``          ``spread_samples_needed``
``interval``         as ``count_test``, which it inverts
===================  ===================================  ========================================

(``spread_test`` is in :mod:`conformance.spread`.)

**What can be counted.** The kept, for the rate. For independence, of disjoint pairs of elements those that differ: each
does with probability 2q(1 - q), independently of every other pair, so that their number is binomial too. For a position
that is favoured, how often each position is kept over many masks (``extreme_test`` for one that is off by much,
``spread_test`` for many that are off by little). For a mean of values that are all equal, the values themselves: their
sum in units of what one kept element gives is the number kept (``interval``).

**Why a red test is red again.** Seeds derive from clause and subject, N from the ledger, and nothing here is sampled
inside Hypothesis, which would repeat a test until it fails.

Sources: C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the
binomial", Biometrika 26 (1934); the grammar (assertion, detectable discrepancy, samples
needed) is that of TensorFlow Probability's ``statistical_testing``.
"""

from __future__ import annotations

import bisect
import functools
import importlib
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adapters.base import Array, Unsupported

#: The probability that any statistical test of a whole run rejects a conforming subject.
LEDGER = 1e-9
#: The power at which shifts and sample sizes are stated.
POWER = 0.999


@dataclass(frozen=True)
class CountTest:
    """An exact two-sided test of one count, or of the most extreme of several."""

    count: int
    trials: int
    probability: float
    p_value: float
    false_alarm: float
    detectable_shift: float

    @property
    def rejected(self) -> bool:
        return self.p_value < self.false_alarm

    def as_dict(self) -> dict[str, float | int]:
        return {
            "count": self.count,
            "trials": self.trials,
            "probability": self.probability,
            "p_value": self.p_value,
            "false_alarm": self.false_alarm,
            "detectable_shift": self.detectable_shift,
        }

    def __str__(self) -> str:
        return (
            f"{self.count} of {self.trials} ({self.count / self.trials:.6f}, expected {self.probability:.6f}), "
            f"p-value {self.p_value:.3g} at a false-alarm probability of {self.false_alarm:.3g}"
        )


# ------------------------------------------------------------------ one count


def count_test(count: int, trials: int, probability: float, false_alarm: float) -> CountTest:
    """Test whether ``count`` of ``trials`` is Binomial(trials, probability); half of the false alarms at each end."""
    tail = min(_at_most(count, trials, probability), _at_least(count, trials, probability))
    shift = detectable_shift(trials, probability, false_alarm)
    return CountTest(count, trials, probability, min(1.0, 2 * tail), false_alarm, shift)


@functools.lru_cache(maxsize=4096)
def interval(trials: int, probability: float, false_alarm: float) -> tuple[int, int]:
    """The counts, from the smallest to the largest, that :func:`count_test` does not reject."""
    low = first(trials, lambda count: 2 * _at_most(count, trials, probability) >= false_alarm)
    high = first(trials, lambda count: 2 * _at_least(trials - count, trials, probability) >= false_alarm)
    return low, trials - high


@functools.lru_cache(maxsize=4096)
def detectable_shift(trials: int, probability: float, false_alarm: float) -> float:
    """The smallest shift of the probability that is rejected with probability POWER at least, up as well as down.

    Infinite where one direction has none: where even no kept element, or no dropped one, would not be rejected.
    """
    return shift_outside(*interval(trials, probability, false_alarm), trials, probability)


def shift_outside(low: int, high: int, trials: int, probability: float) -> float:
    """The smallest shift, up as well as down, with which a count leaves low to high with probability POWER at least."""
    up = math.inf if high >= trials else _quantile(high + 1, trials - high) - probability
    down = math.inf if low <= 0 else _quantile(trials - low + 1, low) - (1 - probability)
    return max(up, down)


def _quantile(a: int, b: int) -> float:
    """The probability of success with which a of a + b - 1 trials succeed, at least, with probability POWER."""
    return float(special().betaincinv(a, b, POWER))


@functools.lru_cache(maxsize=4096)
def samples_needed(probability: float, shift: float, false_alarm: float, multiple: int = 1) -> int:
    """Trials, so many that the shift is rejected with probability POWER at least: a multiple of ``multiple``.

    ValueError for a shift of 0 or less, which no number of them shows.
    """
    return needed(
        lambda trials: detectable_shift(trials, probability, false_alarm), probability, shift, false_alarm, multiple
    )


def confidence(count: int, trials: int, error: float) -> tuple[float, float]:
    """The probabilities that a count does not speak against: the interval of Clopper and Pearson.

    It misses the true one with probability ``error`` at most, half of that at each end.
    """
    beta = special().betaincinv
    low = float(beta(count, trials - count + 1, error / 2)) if count else 0.0
    high = float(beta(count + 1, trials - count, 1 - error / 2)) if count < trials else 1.0
    return low, high


# ------------------------------------------------------------------ the extremes of several counts


def extreme_test(counts: Array, trials: int, probability: float, false_alarm: float) -> CountTest:
    """The worst of several counts, each of which is Binomial(trials, probability), however they depend on each other.

    Each is tested at its share of the false-alarm probability (Bonferroni): the smallest and the largest decide.
    """
    share = false_alarm / counts.size
    ends = (count_test(int(each), trials, probability, share) for each in (counts.min(), counts.max()))
    return min(ends, key=lambda test: test.p_value)


def extreme_detectable_shift(counts: int, trials: int, probability: float, false_alarm: float) -> float:
    """The smallest shift that is rejected with probability POWER if one of so many counts has it."""
    return detectable_shift(trials, probability, false_alarm / counts)


def extreme_samples_needed(counts: int, probability: float, shift: float, false_alarm: float) -> int:
    """The trials of each of so many counts at which a shift of one is rejected with probability POWER."""
    return samples_needed(probability, shift, false_alarm / counts)


# ------------------------------------------------------------------ the binomial, and searches


def _at_most(count: int, trials: int, probability: float) -> float:
    """P(K <= count) for K of Binomial(trials, probability)."""
    return 1.0 if count >= trials else float(special().betainc(trials - count, count + 1, 1 - probability))


def _at_least(count: int, trials: int, probability: float) -> float:
    """P(K >= count) for K of Binomial(trials, probability)."""
    return 1.0 if count <= 0 else float(special().betainc(count, trials - count + 1, probability))


def first(trials: int, holds: Callable[[int], bool]) -> int:
    """The smallest count for which it holds, if it holds for every larger one, ``trials`` included."""
    return bisect.bisect_left(range(trials), True, key=holds)


def needed(
    shift_of: Callable[[int], float], probability: float, shift: float, false_alarm: float, multiple: int
) -> int:
    """Trials whose detectable shift is no larger: from what a normal distribution needs, by doubling, then bisection.

    A count is whole, so that the detectable shift does not fall with every further trial: what is found satisfies it,
    and one multiple fewer does not.
    """
    if not shift > 0:
        raise ValueError(f"a shift of {shift} cannot be told from none: it must be above 0")
    normal = special().ndtri
    deviations = -float(normal(false_alarm / 2)) + float(normal(POWER))
    guess = probability * (1 - probability) * (deviations / shift) ** 2 / multiple
    few, many = 0, max(1, math.ceil(guess))
    while shift_of(many * multiple) > shift:
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (middle, many) if shift_of(middle * multiple) > shift else (few, middle)
    return many * multiple


def special() -> Any:
    return scipy("special")


@functools.cache
def scipy(name: str) -> Any:
    """A module of SciPy; only the statistical clauses need it, and they alone are unsupported without it."""
    try:
        return importlib.import_module(f"scipy.{name}")
    except ImportError:
        raise Unsupported("SciPy not installed: python -m pip install scipy") from None


def seed(*parts: object) -> int:
    """A seed in [0, 2**31) that depends on the parts alone."""
    return zlib.crc32(" ".join(map(str, parts)).encode()) & 0x7FFFFFFF
