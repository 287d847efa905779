"""Normalization over millions of values: where a single running sum in float32 no longer grows.

A tensor is one block of a few thousand values over and over again, so that its statistics are those of the block and
only the bounds of the sums know how many there are; each element of an answer is held against the bound of its value in
the block, by the largest and the smallest answer that any copy of it got.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from adapters.base import Array, BatchNorm, Case, Dialect, LayerNorm, Outcome, Unsupported
from conformance import expectation, profiles
from conformance.bounded import Bounded
from conformance.cases import Shape
from conformance.examination import Examination, clause
from conformance.expectation import STABLE, Expected, Model
from conformance.layouts import CHANNELS_LAST, laid
from conformance.regimes import fill
from conformance.suite.test_batch_norm import STATISTICS

BLOCK = 4096
#: How many blocks: ones, of which more than 2^24 are needed before a running sum stands still, normal numbers, and such
#: with a mean of a thousand deviations, of which a running sum rounds each to the same side. The quick profile asks
#: whether the clause is right, not whether the subject is.
BLOCKS = {"ones": 17 * 256, "normal": 1024, "offset": 256}
FEW = 4
SUMS = ("dgamma", "dbeta", *STATISTICS)


def blocks(exam: Examination) -> Iterator[tuple[str, str, int]]:
    """Regime of x, that of dy, and number of blocks, of each question."""
    if exam.subject.mode != "eager":
        raise Unsupported("millions of values: asked in eager mode alone")
    for regime, count in BLOCKS.items():
        exam.regime = regime
        yield regime, "ones" if regime == "ones" else "normal", FEW if profiles.chosen() == "quick" else count


def block(regime: str, shape: Shape, seed: int, dtype: str) -> Array:
    return np.ones(shape, dtype) if regime == "ones" else fill(regime, shape, seed, dtype)


def tiled(case: Case, axis: int, count: int) -> Any:
    """The case with its x and dy over and over again, along an axis of length 1 or the last one."""
    arrays, recipe = {}, {}
    for name, value in case.arrays():
        if name in ("x", "dy"):
            times = [count if each == axis else 1 for each in range(value.ndim)]
            arrays[name] = np.tile(value, times)
            recipe[name] = f"np.tile({case.recipe[name]}, {times})"
    return dataclasses.replace(case, **arrays, recipe=recipe)  # type: ignore[arg-type]


def written(regime: str, shape: Shape, seed: int, dtype: str) -> str:
    return f"np.ones({shape}, {dtype!r})" if regime == "ones" else f"fill({regime!r}, {shape}, {seed}, {dtype!r})"


def judge(exam: Examination, one: Case, whole: Case, outcome: Outcome, sums: tuple[str, ...], count: int) -> None:
    """``whole`` is ``count`` times the block ``one``; ``sums``: the answers that are no tensors of the shape of x."""

    def expect(_: Case, dtype: str, dialect: Dialect, model: Model = STABLE) -> Expected:
        return expectation.expect(one, dtype, dialect, model, repeats=count)

    expected = expect(one, exam.dtype, exam.dialect)
    for extreme in (np.max, np.min):
        arrays = {name: _over_copies(exam, whole, outcome.arrays, name, one, extreme) for name in ("y", "dx")}
        judged = {name: expected[name] for name in arrays}
        exam.compare(whole, Outcome(arrays), judged, expect=expect)
    there = {**outcome.arrays, **outcome.state}
    found = {name: expected[name] for name in sums if name in expected and (name in there or name not in STATISTICS)}
    exam.compare(whole, outcome, found, expect=expect)


def _over_copies(
    exam: Examination, whole: Any, arrays: Mapping[str, Array], name: str, one: Any, extreme: Callable[..., Any]
) -> Array:
    got = arrays[name]
    exam.require(got.shape == whole.x.shape, whole, f"{name} has the shape {got.shape}, x {whole.x.shape}", output=name)
    copies = got.astype(np.float32).reshape(-1, *one.x.shape)
    return np.asarray(extreme(copies, axis=0).astype(got.dtype))


@clause("BN.many", generated=False)
def test_batch_norm(exam: Examination) -> None:
    axis = exam.dialect.channel_axes[0]
    for regime, along, count in blocks(exam):
        # Of two channels that lie beside each other in memory each is summed apart from its neighbours.
        channels = 2 if regime == "offset" else 1
        shape = (1, channels, 64, 64) if axis == 1 else (1, 64, 64, channels)
        # A power of two: what ones are multiplied with leaves their sums whole numbers.
        gamma = 2.0 if regime == "ones" else -0.7
        one = BatchNorm(
            x=block(regime, shape, 1, exam.dtype),
            gamma=np.array([gamma, 1.25][:channels], exam.held),
            beta=np.array([0.75, -0.5][:channels], exam.held),
            running_mean=np.array([0.5, -1.0][:channels], exam.held),
            running_var=np.array([1.5, 0.5][:channels], exam.held),
            eps=1e-3,
            momentum=0.5,
            channel_axis=axis,
            training=True,
            dy=block(along, shape, 2, exam.dtype),
            recipe={"x": written(regime, shape, 1, exam.dtype), "dy": written(along, shape, 2, exam.dtype)},
            regime=regime,
        )
        whole = tiled(one, 0, count)
        if channels > 1 and axis == 1:
            whole = laid(laid(whole, CHANNELS_LAST, "x"), CHANNELS_LAST, "dy")
        judge(exam, one, whole, exam.ask(whole), SUMS, count)


@clause("LN.many", generated=False)
def test_layer_norm(exam: Examination) -> None:
    for regime, along, count in blocks(exam):
        shape = (1, BLOCK)
        one = LayerNorm(
            x=block(regime, shape, 1, exam.dtype),
            gain=None,
            bias=None,
            eps=1e-3,
            normalized_rank=1,
            dy=block(along, shape, 2, exam.dtype),
            recipe={"x": written(regime, shape, 1, exam.dtype), "dy": written(along, shape, 2, exam.dtype)},
            regime=regime,
        )
        whole = tiled(one, 1, count)
        judge(exam, one, whole, exam.ask(whole), (), count)
    if exam.dialect.layer_norm_affine:
        many_samples(exam, BLOCK * (FEW if profiles.chosen() == "quick" else BLOCKS["ones"]))


def many_samples(exam: Examination, count: int) -> None:
    """dbias = sum(dy) over as many samples, each of one feature."""
    ones = f"np.ones({(count, 1)}, {exam.dtype!r})"
    case = LayerNorm(
        x=np.ones((count, 1), exam.dtype),
        gain=np.array([2.0], exam.held),
        bias=np.array([0.75], exam.held),
        eps=1e-3,
        normalized_rank=1,
        dy=np.ones((count, 1), exam.dtype),
        recipe={"x": ones, "dy": ones},
        regime="ones",
    )

    def expect(case: Case, dtype: str, dialect: Dialect, model: Model = STABLE) -> Expected:
        arithmetic = dataclasses.replace(model.arithmetic(case, dtype), repeats=count)
        return {"dbias": np.sum(Bounded.exact(np.ones((1, 1)), arithmetic), axis=0)}

    exam.compare(case, exam.ask(case), expect(case, exam.dtype, exam.dialect), expect=expect)
