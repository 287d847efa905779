"""What dropout does to the layer behind it: to the variance that it learns, and to the expectation of its input.

Given the mask that was drawn every answer is exact to the bound; that the mask is what it should be is an exact
binomial test of its counts. x takes two values, so that the counts of the two say everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from adapters.base import Array, BatchNorm, Dense, Dropout, LayerCase, Outcome, Stack, dtype_of
from conformance import bernoulli
from conformance.examination import Examination, clause
from conformance.suite.test_net import masks

#: Values of each kind: a shift of 3 % in the probability of keeping shows.
SAMPLES = 1 << 17
#: Drop rate, mean and deviation of x: x is the mean plus or minus the deviation.
SETTINGS = ((0.5, 0.0, 1.0), (0.5, 2.0, 1.0), (0.25, 1.0, 2.0))


@dataclass(frozen=True)
class Setting:
    """A dropout of ``rate`` and an x of one feature that alternates between ``mean`` + and - ``deviation``."""

    exam: Examination
    rate: float
    mean: float
    deviation: float

    @property
    def text(self) -> str:
        return f"np.resize(np.array([[{self.mean + self.deviation}], [{self.mean - self.deviation}]], {self.exam.dtype!r}), {(SAMPLES, 1)})"  # noqa: E501

    @property
    def x(self) -> Array:
        two = np.array([[self.mean + self.deviation], [self.mean - self.deviation]], dtype_of(self.exam.dtype))
        return np.resize(two, (SAMPLES, 1))

    def predicted(self) -> float:
        """The factor of Li et al., equations 8 and 9, for inputs that are kept with probability 1 - rate."""
        variance = self.deviation**2
        return ((variance + self.mean**2) / (1 - self.rate) - self.mean**2) / variance

    def dropout(self, training: bool) -> Dropout:
        seed = bernoulli.seed(self.exam.clause.id, self.rate, self.mean, self.exam.seed)
        x, recipe = self._placeholder()
        return Dropout(x=x, rate=self.rate, training=training, seed=seed, recipe=recipe)

    def batch_norm(self, learnt: Outcome | None = None, place: int = 1) -> BatchNorm:
        """One that takes over the batch's statistics as they are; with what it has learnt, one in inference."""
        x, recipe = self._placeholder()
        one: dict[str, Any] = {name: np.array([value], x.dtype) for name, value in (("gamma", 1), ("beta", 0))}
        state: dict[str, Any] = {"running_mean": np.zeros(1, x.dtype), "running_var": np.ones(1, x.dtype)}
        if learnt is not None:
            state = {name: learnt.state[f"{place}.{name}"].astype(x.dtype) for name in state}
        takes_over = 1.0 if self.exam.dialect.momentum == "new" else 0.0
        return BatchNorm(
            x=x, **one, **state, eps=1e-5, momentum=takes_over, channel_axis=1, training=learnt is None, recipe=recipe
        )

    def stack(self, *layers: LayerCase) -> Stack:
        # No regime whose errors may be taken as random: the numbers are not.
        return Stack(x=self.x, layers=layers, recipe={"x": self.text}, regime="two values")

    def _placeholder(self) -> tuple[Array, dict[str, str]]:
        shape = (SAMPLES, 1)
        return np.zeros(shape, dtype_of(self.exam.dtype)), {"x": f"np.zeros({shape}, {self.exam.dtype!r})"}


def hold(exam: Examination, case: Stack) -> Outcome:
    """The outcome, every output and the state that normalization leaves within its bound, given the mask."""
    outcome = exam.ask(case)
    names = [f"{index}.y" for index in range(len(case.layers))]
    names += [f"{index}.{name}" for index in range(len(case.layers)) for name in ("running_mean", "running_var")]
    exam.judge(case, outcome, names, masks=masks(case, dict(outcome.arrays)))
    return outcome


def counts(exam: Examination, case: Stack, kept: Array, rate: float, share: float) -> list[dict[str, Any]]:
    """The kept of each half, an exact test of each; ``kept``: [2, n]."""
    found = []
    for which, half in zip(("first", "second"), kept, strict=True):
        test = bernoulli.count_test(int(np.count_nonzero(half)), half.size, 1 - rate, share)
        found.append(test.as_dict() | {"what": f"an input of the {which} half is kept"})
        exam.require(not test.rejected, case, f"rate {rate}: {test}", output="mask")
    return found


@clause("NET.variance-shift", generated=False)
def test_variance_shift(exam: Examination) -> None:
    settings = exam.palette.few(SETTINGS, 1)
    share = exam.false_alarm / (2 * len(settings))
    for values in settings:
        setting = Setting(exam, *values)
        case = setting.stack(setting.dropout(True), setting.batch_norm())
        trained = hold(exam, case)
        met = hold(exam, setting.stack(setting.dropout(False), setting.batch_norm(trained)))
        tests = counts(exam, case, (trained.arrays["0.y"] != 0).reshape(-1, 2).T, setting.rate, share)
        # The other way round nothing shifts: the normalization is handed x itself, in training and in inference.
        before = hold(exam, setting.stack(setting.batch_norm(), setting.dropout(True)))
        factors = {
            "rate": setting.rate,
            "mean": setting.mean,
            "predicted": setting.predicted(),
            "measured": _ratio(trained, "1.running_var", met.arrays["0.y"]),
            "batch norm first": _ratio(before, "0.running_var", setting.x),
        }
        exam.record.statistics += [{**factors, **test} for test in tests]


def _ratio(learnt: Outcome, name: str, handed: Array) -> float:
    return float(learnt.state[name][0]) / float(np.var(handed.astype(np.float64)))


@clause("NET.expectation", generated=False)
def test_expectation(exam: Examination) -> None:
    rates = exam.palette.few((0.5, 0.25, 0.9), 1)
    share = exam.false_alarm / (2 * len(rates))
    for rate in rates:
        case, inference = (_neurons(exam, rate, training) for training in (True, False))
        trained, met = hold(exam, case), hold(exam, inference)
        # Of the first half of the inputs a neuron takes the sum with weight 1, of the second with weight -1.
        kept = (trained.arrays["0.y"] != 0).reshape(-1, 2, INPUTS // 2).swapaxes(0, 1).reshape(2, -1)
        sums = {
            "rate": rate,
            "mean in training": float(trained.arrays["1.y"].astype(np.float64).mean()),
            "mean in inference": float(met.arrays["1.y"].astype(np.float64).mean()),
        }
        exam.record.statistics += [{**sums, **test} for test in counts(exam, case, kept, rate, share)]


INPUTS = 64


def _neurons(exam: Examination, rate: float, training: bool) -> Stack:
    """Dropout before two neurons, with weights of both signs and a bias each."""
    dtype, shape = dtype_of(exam.dtype), (2048, INPUTS)
    signs = np.where(np.arange(INPUTS) < INPUTS // 2, 1, -1)
    weight = np.stack([signs, 3 * signs]).astype(dtype)
    zeros, recipe = np.zeros(shape, dtype), {"x": f"np.zeros({shape}, {exam.dtype!r})"}
    seed = bernoulli.seed(exam.clause.id, rate, exam.seed)
    layers = (
        Dropout(x=zeros, rate=rate, training=training, seed=seed, recipe=recipe),
        Dense(x=zeros, weight=weight, bias=np.array([0.5, -2.0], dtype), recipe=recipe),
    )
    return Stack(
        x=np.ones(shape, dtype), layers=layers, recipe={"x": f"np.ones({shape}, {exam.dtype!r})"}, regime="ones"
    )
