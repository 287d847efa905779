"""Layer normalization: what leaves it unchanged, what its gradient is orthogonal to, and where gain and bias go."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from adapters.base import SIXTEEN_BITS, BatchNorm, LayerNorm, Outcome, Unsupported
from conformance import cases, expectation, grid
from conformance.bounded import Bounded
from conformance.examination import Examination, clause
from conformance.suite.test_layer_norm import GRADIENTS, draw, values_per_sample
from conformance.suite.test_layer_norm_edges import layer_norm

#: x is asked up to here, so that what is added to it leaves it digits.
TOP = 16.0
SPREADING = ("normal", "ramp", "outlier", "zeros")


def stepped(exam: Examination, data: st.DataObject, added: float = 0.0) -> LayerNorm:
    """A case on a grid that adding a number of magnitude ``added`` does not leave."""
    case = draw(exam, data, gradient=True)
    x = np.clip(case.x.astype(np.float64), -TOP, TOP).astype(case.x.dtype)
    return dataclasses.replace(case, x=grid.snapped(x, grid.step(x, added)), recipe={})


def agree(exam: Examination, one: LayerNorm, other: LayerNorm, unit: Mapping[str, float]) -> None:
    """The answers to the two are the same, ``unit`` times so in the second, within the sum of their bounds."""
    expected, meant = (expectation.expect(case, exam.dtype, exam.dialect) for case in (one, other))
    first, second = exam.ask(one), exam.ask(other)
    same: dict[str, Any] = {}
    for name in expected:
        factor = unit.get(name, 1.0)
        exam.judge(one, first, [name], n=values_per_sample(one))
        allowed = factor * expected[name].tolerance(exam.stored_as(one, name)) + meant[name].error
        value = factor * first.arrays[name].astype(np.float64)
        same[name] = Bounded(value, allowed, meant[name].arithmetic)
    exam.compare(other, second, same, n=values_per_sample(one))


@clause("LN.shift", regimes=SPREADING)
def test_shift(exam: Examination, data: st.DataObject) -> None:
    # Larger ones would leave 16 bits no digits for x itself.
    shifts = (1.0, -3.0, 8.0, -16.0) if exam.dtype in SIXTEEN_BITS else (1.0, -3.0, 64.0, -1024.0)
    case = stepped(exam, data, max(map(abs, shifts)))
    shift = data.draw(st.sampled_from(shifts), label="shift")
    agree(exam, case, dataclasses.replace(case, x=case.x + case.x.dtype.type(shift), regime="offset"), {})


@clause("LN.scale", regimes=SPREADING)
def test_scale(exam: Examination, data: st.DataObject) -> None:
    case = stepped(exam, data)
    # Powers of two: nothing is rounded on the way.
    scale = data.draw(st.sampled_from(exam.palette.few_numbers((2.0, 0.5, 1024.0, 2.0**-7), 2)), label="scale")
    scaled = dataclasses.replace(case, x=case.x * case.x.dtype.type(scale), eps=case.eps * scale**2)
    agree(exam, case, scaled, {"dx": 1 / scale})


@clause("LN.grad.orthogonal", regimes=SPREADING)
def test_grad_orthogonal(exam: Examination, data: st.DataObject) -> None:
    case = draw(exam, data, gradient=True)
    axes = tuple(range(-case.normalized_rank, 0))
    x = case.x.astype(np.float64)
    # In units that make the terms comparable, and exact: x_hat of the specification, without its bound.
    bare = dataclasses.replace(case, gain=None, bias=None, dy=None)
    x_hat = expectation.expect(bare, exam.dtype, exam.dialect)["y"].value

    def sums(found: Mapping[str, Any]) -> dict[str, Any]:
        dx = found["dx"]
        dx = expectation.stored(dx, exam.dtype) if isinstance(dx, Bounded) else dx
        return {"dx.sum": np.sum(dx, axis=axes), "dx.x_hat": np.sum(dx * x_hat, axis=axes)}

    dx = exam.ask(case).arrays["dx"].astype(np.float64)
    assert dx.shape == x.shape
    got = {name: np.asarray(value, exam.dtype) for name, value in sums({"dx": dx}).items()}
    expected = expectation.expect(case, exam.dtype, exam.dialect, derive=sums)
    total = expected["dx.sum"]
    # The sum is 0: what the specification's own rounding leaves of it belongs to the bound.
    expected |= {"dx.sum": Bounded(np.zeros(total.shape), total.error + np.abs(total.value), total.arithmetic)}
    exam.compare(case, Outcome(got), expected, n=values_per_sample(case), derive=sums)


@clause("LN.no-affine", regimes=cases.SQUARED)
def test_no_affine(exam: Examination, data: st.DataObject) -> None:
    case = layer_norm(exam, data, (2, 3, 4), data.draw(st.integers(1, 2), label="rank"))
    left_out: tuple[dict[str, None], ...] = ({"gain": None, "bias": None}, {"bias": None}, {"gain": None})
    for without in left_out if exam.dialect.layer_norm_affine else left_out[:1]:
        less = dataclasses.replace(case, **without)  # type: ignore[arg-type]
        exam.judge(less, exam.ask(less), GRADIENTS, n=values_per_sample(case))


@clause("LN.multi-axis", regimes=("normal", "offset"))
def test_multi_axis(exam: Examination, data: st.DataObject) -> None:
    # Equal sizes hide an exchange of axes, and sizes of 1 one of shapes.
    for shape, rank in exam.palette.few((((2, 3, 3), 2), ((2, 2, 4), 2), ((3, 3, 3), 3), ((2, 1, 4, 1), 3)), 0, 3):
        case = layer_norm(exam, data, shape, rank)
        exam.judge(case, exam.ask(case), GRADIENTS, n=values_per_sample(case))


@clause("LN.large", regimes=("normal", "offset"))
def test_large(exam: Examination, data: st.DataObject) -> None:
    # Many features, and many samples, over which dgain and dbias are sums.
    for shape in exam.palette.few(((3, 7), (2, 4097), (1, 65536), (2050, 17)), 1, 3):
        case = layer_norm(exam, data, shape)
        exam.judge(case, exam.ask(case), GRADIENTS, n=values_per_sample(case))


@clause("BN-vs-LN", regimes=("normal",))
def test_batch_against_layer(exam: Examination, data: st.DataObject) -> None:
    if not {"batch_norm", "layer_norm"} <= exam.adapter.apis[exam.subject.api]:
        raise Unsupported("batch normalization and layer normalization in one api")
    layered = dataclasses.replace(layer_norm(exam, data, (4, 3)), gain=None, bias=None, dy=None)
    batched = BatchNorm(
        x=layered.x,
        gamma=np.array([1.5, -0.5, 2.0], exam.held),
        beta=np.array([0.25, 1.0, -1.0], exam.held),
        running_mean=np.zeros(3, exam.held),
        running_var=np.ones(3, exam.held),
        eps=1e-3,
        momentum=0.1,
        channel_axis=1,
        training=True,
        recipe={name: text for name, text in layered.recipe.items() if name == "x"},
    )
    changed = data.draw(st.integers(0, 3), label="sample that is changed")
    others = [sample for sample in range(4) if sample != changed]
    x = layered.x.copy()
    x[changed] += np.array([64, -32, 16], exam.dtype)
    answers = []
    for values in (layered.x, x):
        one = dataclasses.replace(batched, x=values, recipe={})
        found = exam.ask(one)
        exam.judge(one, found, ["y"], n=4)
        answers.append(found.arrays["y"][others])
    coupled = answers[0] != answers[1]
    message = "batch normalization does not couple the samples: the others' outputs stay when one is changed"
    exam.require(coupled.any(), batched, message, output="batch_norm.y")
    alone = dataclasses.replace(layered, x=layered.x[others], recipe={})
    for values in (layered.x, x):
        found = exam.ask(dataclasses.replace(layered, x=values, recipe={}))
        exam.judge(alone, Outcome({"y": found.arrays["y"][others]}), ["y"], n=3)
