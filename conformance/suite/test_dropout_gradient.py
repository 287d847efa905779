"""Dropout's gradient where it could lose the mask: run again, and at the weights of neurons that are dropped."""

from __future__ import annotations

import numpy as np

from adapters.base import Array, Dense, Dropout, Outcome, Stack, dtype_of
from conformance import bernoulli
from conformance.examination import Examination, clause
from conformance.suite.test_dropout_exact import ENOUGH
from conformance.suite.test_dropout_independent import compiles

RATES = (0.5, 0.25)


@clause("DO.recomputed", generated=False)
def test_recomputed(exam: Examination) -> None:
    for index, rate in enumerate(RATES[:1] if compiles(exam) else RATES):
        ones = f"np.ones({ENOUGH}, {exam.dtype!r})"
        x = np.ones(ENOUGH, dtype_of(exam.dtype))
        seed = bernoulli.seed(exam.clause.id, rate, index, exam.seed)
        case = Dropout(
            x=x, dy=x, rate=rate, training=True, seed=seed, recomputed=True, recipe={"x": ones, "dy": ones}
        )  # fmt: skip
        outcome = exam.ask(case)
        kept, passed = outcome.arrays["y"] != 0, outcome.arrays["dx"] != 0
        other = kept != passed
        told = f"{np.count_nonzero(other)} of {other.size} elements have another mask in dx than in y"
        exam.require(not other.any(), case, told, output="mask of dx", failing=other)
        if not other.any():
            exam.judge(case, outcome, ["y", "dx"], n=1, mask=kept)
        exam.record.examples += 1


#: Inputs, neurons, outputs; and samples, few enough that some neurons are dropped in all of them.
INPUTS, NEURONS, OUTPUTS, SAMPLES = 3, 64, 2, 2


@clause("DO.neuron", generated=False)
def test_neuron(exam: Examination) -> None:
    for index, rate in enumerate(RATES):
        case = network(exam, rate, index)
        outcome = exam.ask(case)
        exam.record.examples += 1
        kept = outcome.arrays["1.y"] != 0
        dropped = ~kept.any(0)
        # Of 64 neurons, each dropped in both samples with a probability of 1/4 or 1/16: none in 2^-26, 2^-6 of the
        # seeds; the seed is fixed, and with none there is nothing to look at.
        for name, gradient, each in weights(outcome):
            exam.record.elements += gradient.size
            learns = dropped & (gradient != 0).any(each)
            told = f"{name} of {np.count_nonzero(learns)} of {np.count_nonzero(dropped)} dropped neurons is not 0"
            exam.require(not learns.any(), case, told, output=name, failing=learns)
            still = ~dropped & (gradient == 0).all(each)
            told = f"{name} of {np.count_nonzero(still)} of {np.count_nonzero(~dropped)} kept neurons is 0"
            exam.require(not still.any(), case, told, output=name, failing=still)


def weights(outcome: Outcome) -> list[tuple[str, Array, tuple[int, ...]]]:
    """The gradients that belong to a neuron: name, values, and the axes besides that of the neurons."""
    arrays = outcome.arrays
    return [("0.dweight", arrays["0.dweight"], (1,)), ("0.dbias", arrays["0.dbias"], ()),
            ("2.dweight", arrays["2.dweight"], (0,))]  # fmt: skip


def network(exam: Examination, rate: float, index: int) -> Stack:
    """Neurons, dropout, neurons: every number positive, so that no gradient is 0 but for the mask."""
    dtype, random = dtype_of(exam.dtype), np.random.default_rng(index)

    def some(*shape: int) -> Array:
        return np.asarray(random.integers(1, 5, shape) / 4, dtype)

    seed = bernoulli.seed(exam.clause.id, rate, index, exam.seed)
    x, between = some(SAMPLES, INPUTS), np.zeros((SAMPLES, NEURONS), dtype)
    layers = (
        Dense(x=np.zeros_like(x), weight=some(NEURONS, INPUTS), bias=some(NEURONS)),
        Dropout(x=between, rate=rate, training=True, seed=seed),
        Dense(x=between.copy(), weight=some(OUTPUTS, NEURONS), bias=some(OUTPUTS)),
    )
    return Stack(x=x, layers=layers, dy=some(SAMPLES, OUTPUTS))
