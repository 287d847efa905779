"""Input of another dtype than the layer's (whole numbers, truth values, float64): refused, or its numbers count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from adapters.base import Activation, BatchNorm, Dense, Dropout, LayerNorm, Outcome
from conformance import expectation
from conformance.cases import PARAMETERS
from conformance.examination import Examination, clause

Array = np.ndarray[Any, np.dtype[Any]]
Case = BatchNorm | LayerNorm | Dropout | Dense | Activation

#: dtype -> a row of numbers that it has and float32 has too. The first alone is asked where each costs a compilation.
NUMBERS: dict[str, tuple[float, ...]] = {
    "int32": (-3, 1, 4, 0, -1, 2),
    "uint8": (3, 1, 250, 0, 7, 2),
    "bool": (True, False, True, True, False, False),
    "float64": (-2.5, 1.0, 4.25, 0.5, -1.0, 300.0),
}
SHAPE = (3, 2)


def inputs(exam: Examination) -> Iterator[Array]:
    kinds = list(NUMBERS) if not exam.palette.settled else list(NUMBERS)[:1]
    for kind in kinds:
        yield np.array(NUMBERS[kind], kind).reshape(SHAPE)


def _parameters(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).uniform(0.5, 2, shape).astype("float32")


@clause("BN.dtype", generated=False)
def test_batch_norm(exam: Examination) -> None:
    channels = SHAPE[1]
    for x in inputs(exam):
        for training in (True, False):
            gamma, beta, mean, var = (_parameters(seed, channels) for seed in range(4))
            settings: dict[str, Any] = {"eps": 1e-3, "momentum": 0.5, "channel_axis": exam.dialect.channel_axes[0]}
            hold(
                exam,
                BatchNorm(
                    x=x, gamma=gamma, beta=beta, running_mean=mean, running_var=var, training=training, **settings
                ),
            )


@clause("LN.dtype", generated=False)
def test_layer_norm(exam: Examination) -> None:
    affine = exam.dialect.layer_norm_affine
    for x in inputs(exam):
        gain, bias = (_parameters(seed, SHAPE[1]) if affine else None for seed in range(2))
        hold(exam, LayerNorm(x=x, gain=gain, bias=bias, eps=1e-3, normalized_rank=1))


@clause("DO.dtype", generated=False)
def test_dropout(exam: Examination) -> None:
    for x in inputs(exam):
        for training in (True, False):
            hold(exam, Dropout(x=x, rate=0.25, training=training, seed=5))


@clause("NE.dtype", generated=False)
def test_neuron(exam: Examination) -> None:
    for x in inputs(exam):
        hold(exam, Dense(x=x, weight=_parameters(0, 4, SHAPE[1]), bias=_parameters(1, 4)))


@clause("ACT.dtype", generated=False)
def test_activation(exam: Examination) -> None:
    assert exam.activation is not None
    settings = {name: values[-1] for name, values in PARAMETERS.get(exam.activation, {}).items()}
    alpha = _parameters(0, 1) if exam.activation == "prelu" else None
    for x in inputs(exam):
        hold(exam, Activation(name=exam.activation, x=x, parameters=settings, alpha=alpha))


def hold(exam: Examination, plain: Case) -> None:
    """An error with a message; or the answer for the same numbers in float32, whatever its dtype can hold of it."""
    kind = plain.x.dtype.name
    case = replace(plain, foreign=True, regime=kind)
    exam.record.examples += 1
    answer = exam.refusal(case)
    if isinstance(answer, Exception):
        exam.require(bool(str(answer).strip()), case, f"{type(answer).__name__} without a message", output="raises")
        return
    _judge(exam, case, replace(plain, x=plain.x.astype("float32")), answer)


def _judge(exam: Examination, case: Case, plain: Case, answer: Outcome) -> None:
    kind, got = case.x.dtype.name, answer.arrays["y"]
    known = {"mask": got != 0} if isinstance(plain, Dropout) and plain.training else {}
    models = [each for each in expectation.WEAKER if each.concerns(plain, "float32")]
    # How well the formula is computed is what other clauses ask.
    expected, *weaker = (
        expectation.expect(plain, "float32", exam.dialect, model, **known)["y"]
        for model in (expectation.STABLE, *models)
    )
    exam.require(got.shape == expected.shape, case, f"y is of shape {got.shape}", output=f"y.{kind}")
    numbers = got.astype(np.float64)
    within = [np.abs(numbers - each.value) <= each.tolerance("float32") for each in (expected, *weaker)]
    failing = ~np.any(within, axis=0)
    exam.record.elements += int(failing.size)
    message = f"of {kind} {case.x.ravel().tolist()} y is {got.ravel().tolist()} ({got.dtype}), expected "
    exam.require(not failing.any(), case, message + str(expected.value.ravel()), output=f"y.{kind}", failing=failing)
