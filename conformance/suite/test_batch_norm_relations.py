"""Batch normalization: what must not matter, and what must be related; each judged by the bounds of both sides."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption

from adapters.base import SIXTEEN_BITS, Array, BatchNorm, Dialect, Outcome
from conformance import expectation, grid
from conformance.bounded import Bounded, format_of, largest
from conformance.examination import Examination, clause
from conformance.expectation import STABLE, Expected, Model
from conformance.suite.test_batch_norm import STATISTICS, draw, values_per_channel

ANSWERS = ("y", "dx", "dgamma", "dbeta")
Expect = Callable[..., Expected]
#: Regimes that show a relation: numbers of one size, and a mean that is large beside the deviation.
RELATED = ("normal", "ramp", "offset")


def compare(exam: Examination, case: BatchNorm, outcome: Outcome, names: Sequence[str], expect: Expect) -> None:
    """The named outputs, as far as the subject has them, against an expectation of the clause's own."""
    expected = expect(case, exam.dtype, exam.dialect)
    named = {name: expected[name] for name in names if name in expected}
    held = {name: value for name, value in named.items() if name not in STATISTICS or name in outcome.state}
    exam.compare(case, outcome, held, n=values_per_channel(case), expect=expect)


def with_x(case: BatchNorm, x: Array, written: str, **changes: Any) -> BatchNorm:
    """The case with another x; ``written`` says how it is made of the one that stands for ``{}``. (NumPy makes float32
    of bfloat16 and a number of Python, so that this says the dtype again.)"""
    recipe = dict(case.recipe)
    if "x" in recipe:
        recipe["x"] = written.format(recipe["x"])
    return dataclasses.replace(case, x=x, recipe=recipe, **changes)


def as_for(original: BatchNorm, move: Callable[[str, Array], Array]) -> Expect:
    """What the original is expected to answer, moved to where the relation puts it; the errors of both add up."""

    def expect(case: BatchNorm, dtype: str, dialect: Dialect, model: Model = STABLE) -> Expected:
        here = expectation.expect(case, dtype, dialect, model)
        there = expectation.expect(original, dtype, dialect, model)
        return {
            name: Bounded(move(name, there[name].value), bound.error + move(name, there[name].error), bound.arithmetic)
            for name, bound in here.items()
        }

    return expect


@clause("BN.no-affine", regimes=("without gamma", "without beta", "without both"))
def test_no_affine(exam: Examination, data: st.DataObject) -> None:
    absent = {"without gamma": ("gamma",), "without beta": ("beta",), "without both": ("gamma", "beta")}[exam.regime]
    exam.regime, stratum = "normal", exam.regime
    try:
        case = draw(exam, data, training=data.draw(st.booleans(), label="training"), gradient=True, apart=True)
    finally:
        exam.regime = stratum
    channels = case.x.shape[case.channel_axis]
    there = {name: np.linspace(0.5, 2, channels).astype(exam.held) for name in ("gamma", "beta") if name not in absent}
    case = dataclasses.replace(case, **{"gamma": None, "beta": None, **there})  # type: ignore[arg-type]
    exam.judge(case, exam.ask(case), ANSWERS, n=values_per_channel(case))


@clause("BN.shift", regimes=RELATED)
def test_shift(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, training=True, gradient=True)
    # On a grid that the sum does not leave: what is added is added exactly. Larger constants would leave 16 bits no
    # digits for x itself.
    constants = (16.0, -16.0, 4.0, -1.0) if exam.dtype in SIXTEEN_BITS else (1024.0, -1024.0, 16.0, -1.0)
    constant = data.draw(st.sampled_from(constants), label="constant")
    width = grid.step(case.x, constant)
    case = with_x(case, grid.snapped(case.x, width), grid.written(width, exam.dtype))
    written = f"({{}} + {constant}).astype({exam.dtype!r})"
    shifted = with_x(case, case.x + case.x.dtype.type(constant), written, regime="offset")
    compare(exam, shifted, exam.ask(shifted), (*ANSWERS, "running_var"), as_for(case, lambda name, value: value))


@clause("BN.scale", regimes=RELATED)
def test_scale(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, training=True, gradient=True, apart=True)
    # Powers of two multiply exactly: float16 alone has so little range that they may leave it.
    narrow = exam.dtype == "float16"
    factors = exam.palette.few_numbers((8.0, 0.25, 64.0 if narrow else 1024.0), 0)
    factor = data.draw(st.sampled_from(factors), label="factor")
    if narrow:
        width = 4 * format_of(exam.dtype).tiny
        case = with_x(case, grid.snapped(case.x, width), grid.written(width, exam.dtype))
    x = case.x * case.x.dtype.type(factor)
    scaled = with_x(case, x, f"({{}} * {factor}).astype({exam.dtype!r})", eps=case.eps * factor**2)
    move = as_for(case, lambda name, value: value / factor if name == "dx" else value)
    compare(exam, scaled, exam.ask(scaled), ANSWERS, move)


@clause("BN.permute", regimes=RELATED)
def test_permute(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, training=True, gradient=True)
    assert case.dy is not None
    seed = data.draw(st.integers(0, 2**16 - 1), label="seed of the order")
    order = np.roll(np.random.default_rng(seed).permutation(len(case.x)), 1)
    recipe = {name: f"{made}[{order.tolist()}]" if name in ("x", "dy") else made for name, made in case.recipe.items()}
    permuted = dataclasses.replace(case, x=case.x[order], dy=case.dy[order], recipe=recipe)
    move = as_for(case, lambda name, value: value[order] if name in ("y", "dx") else value)
    compare(exam, permuted, exam.ask(permuted), (*ANSWERS, *STATISTICS), move)


@clause("BN.channels-independent", regimes=("normal", "offset"))
def test_channels_independent(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, training=data.draw(st.booleans(), label="training"), gradient=True)
    axis, channels = case.channel_axis, case.x.shape[case.channel_axis]
    if channels == 1:
        raise UnsatisfiedAssumption
    channel = data.draw(st.integers(0, channels - 1), label="channel")
    number = data.draw(st.sampled_from((math.nan, math.inf, -math.inf, 1e4)), label="number")
    x = case.x.copy()
    lane = np.moveaxis(x, axis, 0)[channel]
    index = np.unravel_index(data.draw(st.integers(0, lane.size - 1), label="position"), lane.shape)
    lane[index] = number
    changed = dataclasses.replace(case, x=x, recipe={name: r for name, r in case.recipe.items() if name != "x"})
    outcome = exam.ask(changed)
    rest = without(case, channel)

    def expect(_: BatchNorm, dtype: str, dialect: Dialect, model: Model = STABLE) -> Expected:
        return expectation.expect(rest, dtype, dialect, model)

    def others(name: str, value: Array) -> Array:
        return np.delete(value, channel, axis if name in ("x", "y", "dx") else 0)

    arrays = {name: others(name, value) for name, value in outcome.arrays.items()}
    state = {name: others(name, value) for name, value in outcome.state.items()}
    compare(exam, changed, Outcome(arrays, state), (*ANSWERS, *(STATISTICS if case.training else ())), expect)
    if math.isnan(number):
        own = np.moveaxis(outcome.arrays["y"], axis, 0)[channel]
        kept = np.isnan(own if case.training else own[index])
        exam.require(kept.all(), changed, "a NaN of the input is lost: y is a number", output="y.nan")


def without(case: BatchNorm, channel: int) -> BatchNorm:
    """The case without one channel."""
    arrays = {
        name: np.delete(value, channel, case.channel_axis if name in ("x", "dy") else 0)
        for name, value in case.arrays()
    }
    return dataclasses.replace(case, **arrays, recipe={})  # type: ignore[arg-type]


@clause("BN.train.ignores-running", regimes=("normal", "offset"))
def test_train_ignores_running(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, training=True, gradient=True)
    number = data.draw(st.sampled_from((math.nan, 1e30, -math.inf, -1e30, 0.0)), label="statistics")
    if math.isfinite(number):
        number = math.copysign(min(abs(number), largest(exam.held) / 2), number)
    statistics = np.full(case.x.shape[case.channel_axis], number, exam.held)
    case = dataclasses.replace(case, running_mean=statistics, running_var=statistics)

    def expect(case: BatchNorm, dtype: str, dialect: Dialect, model: Model = STABLE) -> Expected:
        return expectation.expect(dataclasses.replace(case, running_mean=None, running_var=None), dtype, dialect, model)

    compare(exam, case, exam.ask(case), ANSWERS, expect)


@clause("BN.grad.orthogonal", regimes=("normal", "ramp", "offset", "wide", "tiny", "outlier", "zeros"))
def test_grad_orthogonal(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, training=True, gradient=True)
    dx = exam.ask(case).arrays["dx"]
    exam.require(dx.shape == case.x.shape, case, f"dx has the shape {dx.shape}, x {case.x.shape}", output="dx")
    x_hat, _ = normalized(case)
    wide = dx.astype(np.float64)
    sums = {"sum(dx)": wide, "sum(dx x_hat)": wide * x_hat}
    found = Outcome({name: exact_sums(value, case.channel_axis).astype(exam.dtype) for name, value in sums.items()})
    compare(exam, case, found, tuple(sums), projections)


def normalized(case: BatchNorm) -> tuple[Array, Array]:
    """x_hat and the deviation sqrt(sigma^2 + eps), in float64: a fixed direction to project on."""
    axes = tuple(axis for axis in range(case.x.ndim) if axis != case.channel_axis % case.x.ndim)
    x = case.x.astype(np.float64)
    centred = x - x.mean(axes, keepdims=True)
    deviation = np.sqrt(np.square(centred).mean(axes, keepdims=True) + case.eps)
    return centred / deviation, deviation


def exact_sums(terms: Array, channel_axis: int) -> Array:
    """The sum of each channel, rounded once."""
    lanes = np.moveaxis(terms, channel_axis, 0).reshape(terms.shape[channel_axis], -1)
    return np.array([math.fsum(lane) if np.isfinite(lane).all() else math.nan for lane in lanes.tolist()])


def projections(case: BatchNorm, dtype: str, dialect: Dialect, model: Model = STABLE) -> Expected:
    """sum(dx) = 0 and sum(dx x_hat) = eps gamma/s^3 sum(dy x_hat); off by no more than the elements of dx may be."""
    dx = expectation.expect(case, dtype, dialect, model)["dx"]
    # An element that may be infinite leaves nothing known of the sum.
    axis, allowed = case.channel_axis, np.where(expectation.beyond(dx, dtype), np.inf, dx.tolerance(dtype))
    x_hat, deviation = normalized(case)
    assert case.dy is not None
    shape = [-1 if each == axis % case.x.ndim else 1 for each in range(case.x.ndim)]
    gamma = 1.0 if case.gamma is None else case.gamma.astype(np.float64).reshape(shape)
    left = case.eps * gamma / deviation**3 * case.dy.astype(np.float64) * x_hat
    zero = np.zeros(case.x.shape[axis])
    return {
        "sum(dx)": Bounded(zero, exact_sums(allowed, axis), dx.arithmetic),
        "sum(dx x_hat)": Bounded(exact_sums(left, axis), exact_sums(allowed * np.abs(x_hat), axis), dx.arithmetic),
    }
