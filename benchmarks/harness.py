"""Cases a second against the harness that one would write first: each element drawn, a fresh shape each time."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

import hypothesis
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from benchmarks.measure import examinations, forget, processor
from conformance import suite

EXAMPLES = 60


def _batch_norm(x: Any) -> tuple[Any, Any]:
    import torch

    axes = tuple(axis for axis in range(x.ndim) if axis != 1)
    normalized = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-5)
    return torch.nn.functional.batch_norm(torch.from_numpy(x), None, None, training=True).numpy(), normalized


def _layer_norm(x: Any) -> tuple[Any, Any]:
    import torch

    normalized = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return torch.nn.functional.layer_norm(torch.from_numpy(x), x.shape[-1:]).numpy(), normalized


def _silu(x: Any) -> tuple[Any, Any]:
    import torch

    with np.errstate(over="ignore"):
        return torch.nn.functional.silu(torch.from_numpy(x)).numpy(), x / (1 + np.exp(-x))


#: Clause -> torch's answer and what it should be.
OBVIOUS = {"BN.train.output": _batch_norm, "LN.output": _layer_norm, "ACT.value": _silu}


def obvious(clause: str) -> tuple[float, float]:
    """Processor seconds and elements a case."""
    elements = 0

    @hypothesis.seed(0)
    @hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @given(data=st.data())
    def test(data: st.DataObject) -> None:
        nonlocal elements
        shape = data.draw(array_shapes(min_dims=2, max_dims=4, min_side=2, max_side=8))
        x = data.draw(arrays(np.float32, shape, elements=st.floats(-100, 100, width=32), fill=st.nothing()))
        elements += x.size
        with contextlib.suppress(AssertionError):  # a typed tolerance is wrong somewhere: the time is what is measured
            np.testing.assert_allclose(*OBVIOUS[clause](x), rtol=1e-4, atol=1e-4)

    with processor() as spent:
        test()
    return spent[0] / EXAMPLES, elements / EXAMPLES


def ours(clause: str) -> tuple[float, float]:
    """Processor seconds and elements a case, of all of PyTorch's ways to the layer in two dtypes, as in a run."""
    tests, cases, elements, seconds = suite.tests(), 0, 0, 0.0
    forget()
    asked = (examinations("torch", clause, dtype=dtype) for dtype in ("float32", "float64"))
    for exam in itertools.chain.from_iterable(asked):
        if exam.activation not in (None, "silu"):
            continue
        exam.adapter.prepare("cpu")
        with processor() as spent:
            tests[clause](exam)
        cases, elements, seconds = cases + exam.record.examples, elements + exam.record.elements, seconds + spent[0]
    return seconds / cases, elements / cases


HEAD = ["clause", "cases/s", "obvious harness", "ratio", "wanted", "elements/s", "obvious harness", "ratio"]


def rows() -> Iterator[list[str]]:
    for clause in OBVIOUS:
        ours(clause)  # import, first calls
        mine, judged = ours(clause)
        theirs, drawn = obvious(clause)
        cases = f"{1 / mine:.0f}", f"{1 / theirs:.0f}", f"{theirs / mine:.1f}", "10"
        elements = f"{judged / mine:.0f}", f"{drawn / theirs:.0f}", f"{judged / mine / (drawn / theirs):.1f}"
        yield [clause, *cases, *elements]
