"""Batch normalization over the life of one layer: what its running statistics come to, whatever is done with it."""

from __future__ import annotations

import dataclasses
import functools
import sys
from typing import Any, ClassVar

import hypothesis
import numpy as np
from hypothesis import stateful
from hypothesis import strategies as st

from adapters.base import BatchNorm, BatchNormSteps, Dialect, Outcome, Unsupported
from conformance import bernoulli, cases, expectation, profiles
from conformance.bounded import Bounded
from conformance.examination import Examination, clause
from conformance.expectation import STABLE, Expected, Model, stored
from conformance.regimes import fill
from conformance.suite.test_batch_norm import STATISTICS
from reference import batch_norm

#: Stratum -> the regime of the batches. "empty": calls with a batch of no samples come between, which must leave state
#: and count alone; "cumulative": momentum None, the k-th batch since the last reset has the weight 1/k.
STRATA = {
    "normal": "normal",
    "offset": "offset",
    "empty": "normal",
    "cumulative": "normal",
    "cumulative, empty": "normal",
}
#: Batches that a layer is called with, of a few shapes: channels second.
BATCHES = 3
SHAPES = ((4, 2), (2, 3, 2, 2), (2, 2, 3))
#: Steps that are made up, and those that every life ends with: what was done shows in them.
LENGTH = 10
END = (("train", 0), ("eval", 1), ("load", 0), ("train", 1))


@clause("BN.running.sequence", generated=False)
def test_running_sequence(exam: Examination) -> None:
    # What Hypothesis explains of a failing example is about lines of source, which are the same in each.
    phases = (hypothesis.Phase.generate, hypothesis.Phase.shrink)
    settings = hypothesis.settings(profiles.settings(), stateful_step_count=LENGTH, phases=phases)
    with profiles.same_questions():
        for stratum in STRATA:
            exam.regime = stratum
            life: Any = functools.partial(Life, exam)
            sown = hypothesis.seed(bernoulli.seed(exam.clause.id, stratum, exam.seed))
            stateful.run_state_machine_as_test(sown(life), settings=settings)


class Life(stateful.RuleBasedStateMachine):
    """A layer, and what is done with it; the subject is asked at the end, all at once."""

    rows: ClassVar = st.integers(0, BATCHES - 1)

    def __init__(self, exam: Examination) -> None:
        super().__init__()
        self.exam = exam
        self.case: BatchNormSteps | None = None
        self.steps: list[tuple[str, int]] = []

    @stateful.initialize(data=st.data())
    def make(self, data: st.DataObject) -> None:
        self.case = draw(self.exam, data)

    @stateful.rule(batch=rows)
    def train(self, batch: int) -> None:
        self.steps.append(("train", batch))

    @stateful.rule(batch=rows)
    def train_on(self, batch: int) -> None:
        """A second rule, so that every third step trains."""
        self.steps.append(("train", batch))

    @stateful.rule(batch=rows)
    def infer(self, batch: int) -> None:
        self.steps.append(("eval", batch))

    @stateful.precondition(lambda self: "empty" in self.exam.regime)
    @stateful.rule()
    def empty(self) -> None:
        self.steps.append(("empty", 0))

    @stateful.rule()
    def save(self) -> None:
        self.steps.append(("save", 0))

    @stateful.rule(step=st.sampled_from(("load", "revive")))
    def load(self, step: str) -> None:
        self.steps.append((step, 0))

    @stateful.rule()
    def reset(self) -> None:
        self.steps.append(("reset", 0))

    def teardown(self) -> None:
        # An example that Hypothesis gives up ends here too.
        if self.case is not None and sys.exc_info()[0] is None:
            judge(self.exam, dataclasses.replace(self.case, steps=(*self.steps, *END)))


def draw(exam: Examination, data: st.DataObject) -> BatchNormSteps:
    """The layer, and the batches that it will be called with."""
    strategy = cases.batch_norms(
        exam.subject.dtype,
        exam.dialect,
        regime=STRATA[exam.regime],
        training=True,
        palette=exam.palette,
        among=SHAPES,
    )
    made: BatchNorm = data.draw(strategy, label="layer")
    assert made.running_mean is not None
    assert made.running_var is not None
    shape, seed = (BATCHES, *made.x.shape), data.draw(st.integers(0, 2**16 - 1), label="seed of the batches")
    regime = STRATA[exam.regime]
    recipe = {name: written for name, written in made.recipe.items() if name != "x"}
    momentum = None if "cumulative" in exam.regime else made.momentum if made.momentum is not None else 0.25
    return BatchNormSteps(
        x=fill(regime, shape, seed, exam.dtype),
        gamma=made.gamma,
        beta=made.beta,
        running_mean=made.running_mean,
        running_var=made.running_var,
        eps=made.eps,
        momentum=momentum,
        channel_axis=made.channel_axis,
        steps=(),
        recipe={**recipe, "x": f"fill({regime!r}, {shape!r}, seed={seed}, dtype={exam.dtype!r})"},
        regime=exam.regime,
    )


def judge(exam: Examination, case: BatchNormSteps) -> None:
    try:
        outcome = exam.ask(case)
    except Unsupported as missing:
        exam.record.unsupported.append(str(missing))
        return
    expected = closed_form(case, exam.dtype, exam.dialect)
    n = case.x[0].size // case.x[0].shape[case.channel_axis]
    called = np.array([step in ("train", "eval") for step, _ in case.steps])
    answers = {**outcome.arrays, "y": outcome.arrays["y"][called]}
    exam.compare(case, Outcome(answers), expected, n=n, expect=closed_form)


State = tuple[Any, Any, int]  #: running mean and variance, and the batches that they are of


def closed_form(case: BatchNormSteps, dtype: str, dialect: Dialect, model: Model = STABLE) -> Expected:
    """Momentum's weights applied to the statistics of every batch trained on since the last reset, step by step.

    The layer keeps the statistics, and so rounds them, in their own dtype.
    """
    arithmetic = model.arithmetic(case, dtype)

    def given(value: Any) -> Any:
        return Bounded.input(np.asarray(value, np.float64), arithmetic)

    def trained(state: State, found: Expected) -> State:
        count = state[2] + 1
        if case.momentum is None:
            weight = given(1 / count)
        else:
            weight = given(case.momentum) if dialect.momentum == "new" else 1.0 - given(case.momentum)
        moved: list[Any] = [
            batch_norm.running_update(old, found[name], weight) for old, name in zip(state[:2], STATISTICS, strict=True)
        ]
        mean, var = (stored(each, case.running_mean.dtype.name) for each in moved)
        return mean, var, count

    channels = case.running_mean.shape
    state: State = (given(case.running_mean), given(case.running_var), 0)
    saved, rows, answers = state, list[State](), list[Any]()
    gamma, beta = (value if value is None else given(value) for value in (case.gamma, case.beta))
    for step, batch in case.steps:
        match step:
            case "train":
                found = expectation.expect(alone(case, batch, dialect), dtype, dialect, model)
                answers.append(found["y"])
                state = trained(state, found)
            case "eval":
                x, eps = given(case.x[batch]), given(case.eps)
                answers.append(batch_norm.inference(x, gamma, beta, *state[:2], eps, case.channel_axis))
            case "save":
                saved = state
            case "load" | "revive":
                state = saved
            case "reset":
                state = (given(np.zeros(channels)), given(np.ones(channels)), 0)
        rows.append(state)
    statistics = {name: np.stack([row[index] for row in rows]) for index, name in enumerate(STATISTICS)}
    return {**statistics, "y": np.stack(answers)} if answers else statistics


def alone(case: BatchNormSteps, batch: int, dialect: Dialect) -> BatchNorm:
    """Training on one batch whose statistics replace the running ones."""
    zeros, replacing = np.zeros_like(case.running_mean), 1.0 if dialect.momentum == "new" else 0.0
    return dataclasses.replace(
        case.layer, x=case.x[batch].copy(), running_mean=zeros, running_var=zeros.copy(), momentum=replacing
    )
