"""Exact tests for random masks, with a stated false-alarm probability and a stated power.

A count of kept elements is Binomial(N, p) under a conforming subject, whatever the framework's generator. So the test
is the exact two-sided binomial test at a fixed N: it rejects a conforming subject with at most the probability that it
is given, and :func:`detectable_shift` says which wrong p it would catch. All probabilities of one run come out of
:data:`LEDGER`, shared evenly among the statistical tests that were collected (Bonferroni). Seeds derive from clause and
subject: a red test is red again. Nothing here is sampled inside Hypothesis, where a test would be repeated until it
fails.

Source of the grammar (assertion, detectable discrepancy, samples needed): TensorFlow Probability's
``statistical_testing``.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import Any

from adapters.base import Array, Unsupported

#: The probability that any statistical test of a whole run rejects a conforming subject.
LEDGER = 1e-9
#: The power at which shifts and sample sizes are stated.
POWER = 0.999


@dataclass(frozen=True)
class CountTest:
    """An exact two-sided binomial test of one count."""

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
            "p_value": self.p_value,
            "false_alarm": self.false_alarm,
            "detectable_shift": self.detectable_shift,
        }

    def __str__(self) -> str:
        return (
            f"{self.count} of {self.trials} ({self.count / self.trials:.6f}, expected {self.probability:.6f}), "
            f"p-value {self.p_value:.3g} at a false-alarm probability of {self.false_alarm:.3g}"
        )


def count_test(count: int, trials: int, probability: float, false_alarm: float) -> CountTest:
    """Test whether ``count`` of ``trials`` is Binomial(trials, probability)."""
    p_value = float(_stats().binomtest(count, trials, probability).pvalue)
    shift = detectable_shift(trials, probability, false_alarm)
    return CountTest(count, trials, probability, p_value, false_alarm, shift)


def extreme_test(counts: Array, trials: int, probability: float, false_alarm: float) -> CountTest:
    """The worst of several counts, each of which is Binomial(trials, probability), however they depend on each other.

    Each is tested at its share of the false-alarm probability (Bonferroni): the smallest and the largest decide.
    """
    share = false_alarm / counts.size
    ends = (count_test(int(each), trials, probability, share) for each in (counts.min(), counts.max()))
    return min(ends, key=lambda test: test.p_value)


def interval(trials: int, probability: float, false_alarm: float) -> tuple[int, int]:
    """What a Binomial(trials, probability) count leaves with at most the false-alarm probability, half at each end."""
    binomial = _stats().binom(trials, probability)
    return int(binomial.ppf(false_alarm / 2)), int(binomial.isf(false_alarm / 2))


def _stats() -> Any:
    """``scipy.stats``; only the statistical clauses need it, and they alone are unsupported without it."""
    try:
        from scipy import stats
    except ImportError:
        raise Unsupported("SciPy not installed: python -m pip install scipy") from None
    return stats


def _quantiles(false_alarm: float) -> tuple[float, float]:
    stats = _stats()
    return float(stats.norm.isf(false_alarm / 2)), float(stats.norm.isf(1 - POWER))


def detectable_shift(trials: int, probability: float, false_alarm: float) -> float:
    """The smallest shift of the probability that is rejected with probability POWER (normal approximation)."""
    reject, miss = _quantiles(false_alarm)
    return (reject + miss) * math.sqrt(probability * (1 - probability) / trials)


def samples_needed(probability: float, shift: float, false_alarm: float) -> int:
    """The trials at which a shift of the probability is rejected with probability POWER (normal approximation)."""
    reject, miss = _quantiles(false_alarm)
    return math.ceil(probability * (1 - probability) * ((reject + miss) / shift) ** 2)


def seed(*parts: object) -> int:
    """A seed in [0, 2**31) that depends on the parts alone."""
    return zlib.crc32(" ".join(map(str, parts)).encode()) & 0x7FFFFFFF
