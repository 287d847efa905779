"""Keras on PyTorch and on JAX: a process of its own for each, the same answers in every form, errors as they are."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters._tensorflow_activations import KERAS, spelling
from adapters.base import (
    OPERATIONS,
    Activation,
    Adapter,
    Array,
    BatchNorm,
    Case,
    Dense,
    Dropout,
    LayerNorm,
    Outcome,
    Subject,
    Unsupported,
    tensor_dtype,
)
from adapters.process import Died, Process
from conformance import backends
from conformance.clauses import CLAUSES
from conformance.examination import Examination, Nonconformance

ADAPTERS = [backends.adapter(name) for name in ("keras-torch", "keras-jax")]
INSTALLED = [adapter for adapter in ADAPTERS if adapter.missing() is None]
each = pytest.mark.parametrize("adapter", INSTALLED, ids=lambda adapter: adapter.name)


def values(*shape: int, dtype: str = "float32", start: float = -1.5) -> Array:
    """Distinct eighths that every dtype here holds exactly."""
    import ml_dtypes

    known = ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype
    return (start + np.arange(int(np.prod(shape))) % 31 / 8).reshape(shape).astype(known)


def batch_norm(dtype: str = "float32", held: str | None = None, **changed: Any) -> BatchNorm:
    held = held or dtype
    case = BatchNorm(
        x=values(2, 3, 4, dtype=dtype),
        gamma=values(3, dtype=held, start=0.5),
        beta=values(3, dtype=held, start=-0.5),
        running_mean=values(3, dtype=held, start=0.25),
        running_var=values(3, dtype=held, start=1.0),
        eps=0.125,
        momentum=0.75,
        channel_axis=1,
        training=True,
        dy=values(2, 3, 4, dtype=dtype, start=-1.0),
    )
    return replace(case, **changed)


def cases(dtype: str = "float32") -> dict[str, Case]:
    """One case for each kind of layer."""
    x, dy = values(2, 3, 4, dtype=dtype), values(2, 3, 4, dtype=dtype, start=-1.0)
    weight, bias = values(5, 4, dtype=dtype), values(5, dtype=dtype)
    return {
        "batch_norm": batch_norm(dtype),
        "layer_norm": LayerNorm(x=x, gain=values(4, dtype=dtype), bias=None, eps=0.125, normalized_rank=1, dy=dy),
        "dropout": Dropout(x=x, rate=0.5, training=True, seed=7, dy=dy, call=2),
        "dense": Dense(x=x, weight=weight, bias=bias, activation="tanh", dy=values(2, 3, 5, dtype=dtype)),
        "prelu": Activation(name="prelu", x=x, alpha=values(3, dtype=dtype, start=0.25), dy=dy),
        "gelu": Activation(name="gelu", x=x, dy=dy),
    }


def ask(adapter: Adapter, case: Case, dtype: str = "float32") -> Outcome:
    return adapter.ask(Subject(adapter.name, "keras", dtype=dtype), case)


@each
@pytest.mark.parametrize("operation", cases())
def test_names_shapes_and_dtypes(adapter: Adapter, operation: str) -> None:
    case = cases()[operation]
    given = dict(case.arrays())
    outcome = ask(adapter, case)
    expected = {f"d{name}": array.shape for name, array in given.items() if name not in ("dy", *STATISTICS)}
    expected["y"] = given["dy"].shape
    assert {name: array.shape for name, array in outcome.arrays.items()} == expected
    assert {name: array.shape for name, array in outcome.state.items()} == {
        name: array.shape for name, array in given.items() if name != "dy"
    }
    assert {array.dtype.name for array in (*outcome.arrays.values(), *outcome.state.values())} == {"float32"}
    assert set(ask(adapter, replace(case, dy=None)).arrays) == {"y"}


STATISTICS = ("running_mean", "running_var")


@each
def test_every_dtype(adapter: Adapter) -> None:
    for dtype in adapter.dtypes:
        stored = tensor_dtype(dtype)
        held = "float32" if dtype != stored else dtype
        outcome = ask(adapter, batch_norm(stored, held), dtype)
        assert {outcome.arrays[name].dtype.name for name in ("y", "dx")} == {stored}
        assert {outcome.arrays[name].dtype.name for name in ("dgamma", "dbeta")} == {held}
        assert {array.dtype.name for name, array in outcome.state.items() if name != "x"} == {held}


@each
def test_values(adapter: Adapter) -> None:
    case = batch_norm(gamma=None, beta=None)
    x = case.x.astype("float64")
    mean, variance = x.mean((0, 2)), x.var((0, 2))
    outcome = ask(adapter, case)
    normalized = (x - mean[:, None]) / np.sqrt(variance + 0.125)[:, None]
    np.testing.assert_allclose(outcome.arrays["y"], normalized, atol=1e-6)
    assert case.running_var is not None
    moved = 0.75 * case.running_var + 0.25 * variance
    np.testing.assert_allclose(outcome.state["running_var"], moved, rtol=1e-6)
    np.testing.assert_array_equal(outcome.state["x"], case.x)
    kept = ask(adapter, replace(case, training=False))
    np.testing.assert_array_equal(kept.state["running_var"], case.running_var)


@each
def test_what_is_not_offered(adapter: Adapter) -> None:
    assert adapter.apis["keras"] == OPERATIONS - {"stack"} | {"alpha_dropout", "gaussian_dropout"}
    with pytest.raises(Unsupported, match="cumulative"):
        ask(adapter, batch_norm(momentum=None))
    with pytest.raises(Unsupported, match="second derivatives"):
        ask(adapter, batch_norm(ddx=values(2, 3, 4)))
    with pytest.raises(Unsupported, match="does not offer"):
        adapter.ask(Subject(adapter.name, "keras", "vmap"), batch_norm())
    with pytest.raises(Unsupported, match="tpu"):
        adapter.prepare("tpu")


@each
def test_the_frameworks_own_errors_come_back(adapter: Adapter) -> None:
    with pytest.raises(ValueError, match="shape"):
        ask(adapter, batch_norm(gamma=values(4)))


@each
def test_this_process_need_not_have_that_keras(adapter: Adapter) -> None:
    """Both are asked in one process, which has imported neither, and TensorFlow's Keras may be there too."""
    before = set(sys.modules)
    ask(adapter, cases()["gelu"])
    assert "keras" not in set(sys.modules) - before


def test_a_process_that_is_that_keras_asks_itself() -> None:
    if not INSTALLED:
        pytest.skip("neither is installed")
    name = INSTALLED[0].name
    code = f"""
import sys
import types
from conformance import backends
from tests.adapters.test_keras import ask, cases
ask(backends.adapter({name!r}), cases()["gelu"])
print("keras" in sys.modules)
"""
    environment = {**os.environ, **INSTALLED[0].environment}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "True", done.stderr


class Deadly(Adapter):
    """Dies of every case."""

    name = "deadly"
    modules = distributions = ()
    install = ""
    apis = {"keras": OPERATIONS}  # noqa: RUF012

    def ask(self, subject: Subject, case: Case) -> Outcome:
        raise Died("the process died: SIGSEGV")


def test_an_unrecorded_death_is_a_failure_of_the_clause() -> None:
    """Also where the clause would take an error for a refusal."""
    exam = Examination(CLAUSES["BN.train.output"], Subject("deadly", "keras"), Deadly())
    for asked in (exam.ask, exam.refusal):
        with pytest.raises(Nonconformance, match=r"found: +the process died: SIGSEGV"):
            asked(batch_norm())


def test_the_child_is_one_for_all_questions() -> None:
    if not INSTALLED:
        pytest.skip("neither is installed")
    assert Process.of(INSTALLED[0]) is Process.of(INSTALLED[0])
    assert Process.of(INSTALLED[0]).environment == INSTALLED[0].environment


def test_what_a_version_lacks_is_unsupported() -> None:
    older = types.SimpleNamespace(__name__="keras", __version__="3.6.0", activations=types.SimpleNamespace())
    with pytest.raises(Unsupported, match=r"keras 3\.6\.0 has no activations\.celu"):
        spelling(KERAS, "celu").function(older)
