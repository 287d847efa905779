"""What may go wrong with dropout, by name: each is planted, and each random one is seen with the stated power.

That the clause catches the fault is for ``test_faults.py`` to show, once, with the run's own seed; here it is shown of
the statistical ones for many seeds, from the clause's own sample sizes and share of the ledger.
"""

from __future__ import annotations

import numpy as np
import pytest

from conformance import bernoulli
from conformance.qualification.bench import caught_by, share
from conformance.qualification.faults import FAULTS
from conformance.qualification.registry import Fault
from conformance.spread import spread_detectable_shift
from conformance.suite.test_dropout import RATES, ROW, needed
from conformance.suite.test_dropout_independent import REPEATS, SMALL

PLANTED = {
    "rate off by 1 %": ["DO.rate-rate-hundredth-too-high"],
    "8-bit rate": ["DO.rate-rate-in-eight-bits", "DO.rate-rate-quantized"],
    "rate rounded up in bfloat16": ["DO.rate-rate-rounded-up"],
    "scale 1/p": ["DO.support-scale-one-over-rate", "DO.expectation-mean-scaled-by-rate"],
    "no scale": ["DO.support-scale-missing", "DO.expectation-mean-unscaled"],
    "scale 1/(1 - p) twice": ["DO.support-scaled-twice", "DO.expectation-mean-scaled-twice"],
    "scaled in inference": ["DO.eval-scaled-in-inference"],
    "mask reused in every call": ["DO.seed-stream-stands-still", "DO.independent-one-mask-for-all-calls"],
    "mask shared across the batch": ["DO.independent-one-mask-for-the-batch"],
    "mask shared across channels": ["DO.independent-one-mask-for-the-channels"],
    "mask shared across vmap lanes": ["DO.independent-one-mask-for-the-lanes"],
    "rows correlated": ["DO.independent-rows-correlated"],
    "last element never dropped": ["DO.independent-last-never-dropped"],
    "vector tail with its own stream": ["DO.independent-tail-repeats-head"],
    "gradient with a fresh mask": ["DO.grad-fresh-mask", "DO.recomputed-recomputed-afresh"],
    "gradient unscaled": ["DO.grad-gradient-unscaled", "DO.expectation-mean-gradient-unscaled"],
    "seed ignored": ["DO.seed-seed-ignored", "DO.seed-global-seed-ignored"],
    "seed that repeats after k calls": ["DO.calls-repeats-after-eight-calls"],
    "p and 1 - p swapped only above 0.5": ["DO.rate-rate-swapped-above-half"],
    "dropped NaN kept": ["DO.special-dropped-na-n-kept"],
}
BY_ID = {fault.id: fault for fault in FAULTS}


@pytest.mark.parametrize("name", PLANTED)
def test_fault_is_planted(name: str) -> None:
    assert PLANTED[name]
    assert set(PLANTED[name]) <= set(BY_ID)


def drawn_with(fault: Fault, rate: float, monkeypatch: pytest.MonkeyPatch) -> float:
    """The rate of dropping that a fault's mask really has, read off a million draws' uniform numbers: exactly."""

    class Uniform:
        def random(self, shape: tuple[int, ...]) -> np.ndarray:
            return np.linspace(0, 1, 10**6, endpoint=False).reshape(shape)

    with monkeypatch.context() as patch:
        patch.setattr(np.random, "default_rng", lambda seed: Uniform())
        return float(np.mean(~fault.adapter.mask((10**6,), rate, 0)))


#: Of the wrong rates that DO.rate must see, those that are off in the rate alone.
WRONG_RATES = [fault for fault in FAULTS if fault.clause == "DO.rate"]
SIMULATED = 20_000


@pytest.mark.parametrize("fault", WRONG_RATES, ids=lambda fault: fault.id)
def test_wrong_rate_is_seen_with_the_stated_power(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    spent, random = share() / len(RATES), np.random.default_rng(1)
    powers = []
    for rate in RATES:
        trials = needed(rate, spent)
        low, high = bernoulli.interval(trials, 1 - rate, spent)
        counts = random.binomial(trials, 1 - drawn_with(fault, rate, monkeypatch), SIMULATED)
        powers.append(float(np.mean((counts < low) | (counts > high))))
    assert max(powers) >= bernoulli.POWER


def test_sample_sizes_are_those_that_are_promised() -> None:
    spent = share() / len(RATES)
    assert bernoulli.detectable_shift(needed(0.1, spent), 0.9, spent) <= 0.001
    for rate in RATES:
        shift = bernoulli.detectable_shift(needed(rate, spent), 1 - rate, spent)
        for steps in (128, 256):
            rounded = {np.floor(steps * rate) / steps, np.ceil(steps * rate) / steps} - {rate}
            assert all(shift <= abs(each - rate) * (1 + 1e-12) for each in rounded), (rate, steps)
        assert needed(rate, spent) % ROW == 0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "id",
    [
        "DO.independent-one-mask-for-the-batch",
        "DO.independent-one-mask-for-the-lanes",
        "DO.independent-rows-correlated",
        "DO.independent-last-never-dropped",
        "DO.independent-tail-repeats-head",
        "DO.independent-positions-favoured",
    ],
)
def test_dependence_is_seen_with_other_seeds_too(id: str, seed: int) -> None:
    fault = BY_ID[id]
    assert caught_by(fault, fault.clause, seed, {"dtype": "float32"}) is not None


def test_positions_that_are_favoured_by_little_are_seen() -> None:
    """A tenth in every second position: no extreme among 67 counts of 256, but their spread."""
    (length,) = SMALL[0]
    assert spread_detectable_shift(length, REPEATS, 0.5, share() / 4) < 0.1
    assert bernoulli.extreme_detectable_shift(length, REPEATS, 0.5, share() / 4) > 0.1
