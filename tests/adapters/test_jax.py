"""The JAX adapter against the contract of :mod:`adapters.base`, and against values worked out by hand."""

from __future__ import annotations

import functools
import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapters import jax as adapter
from adapters.base import (
    ACTIVATIONS,
    BRIEF_DROPOUT,
    KIN,
    OPERATIONS,
    Activation,
    Array,
    BatchNorm,
    Case,
    Dense,
    Dialect,
    Dropout,
    DropoutKin,
    LayerNorm,
    Outcome,
    Subject,
    Unsupported,
    counterpart,
    dtype_of,
    parameter_dtype,
    tensor_dtype,
)

pytestmark = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")

ADAPTER = adapter.ADAPTER
#: Those that can be asked here, so that without Flax its tests are not there instead of failing.
SUBJECTS = tuple(ADAPTER.subjects())
#: What is worked out by hand is asked in every mode, in the dtypes that hold it exactly enough.
WIDE = ("float32", "float64")
FLAX = [subject for subject in SUBJECTS if subject.api != "jax.nn" and subject.dtype in WIDE]
NN = Subject("jax", "jax.nn")
STATE = {"running_mean", "running_var", "gamma", "beta", "x"}
#: Values that float32 holds exactly enough for a result of a few operations to be off by units of its last place only.
close = functools.partial(np.testing.assert_array_max_ulp, maxulp=4)


def of_dtype(subject: Subject, *values: Any) -> Array:
    return np.array(values, dtype_of(tensor_dtype(subject.dtype)))


def held(subject: Subject, *values: Any) -> Array:
    return np.array(values, dtype_of(parameter_dtype(subject.dtype)))


def batch_norm(subject: Subject, **changed: Any) -> BatchNorm:
    """Two samples of two channels: means 2 and 0, variances 1 and 4."""
    column, x = functools.partial(held, subject), functools.partial(of_dtype, subject)
    given: dict[str, Any] = {
        "x": x([1, -2], [3, 2]),
        "gamma": column(2, 3),
        "beta": column(1, -1),
        "running_mean": column(10, 20),
        "running_var": column(4, 16),
        "dy": x([1, 0], [0, 1]),
    }
    return BatchNorm(**{**given, "eps": 0.0, "momentum": 0.75, "channel_axis": 1, "training": True, **changed})


def layer_norm(subject: Subject, **changed: Any) -> LayerNorm:
    """Two samples of shape [2, 2], both axes normalized: mean 0 and variance 1."""
    given: dict[str, Any] = {
        "x": of_dtype(subject, [[1, -1], [-1, 1]], [[1, 1], [-1, -1]]),
        "gain": None if subject.api == "jax.nn" else held(subject, [1, 2], [3, 4]),
        "bias": None if subject.api == "jax.nn" else held(subject, [0, 0], [1, 1]),
        "dy": of_dtype(subject, [[1, 0], [0, 0]], [[0, 2], [0, 0]]),
    }
    return LayerNorm(**{**given, "eps": 0.0, "normalized_rank": 2, **changed})


def dropout(subject: Subject, **changed: Any) -> Dropout:
    x = of_dtype(subject, *range(1, 65)).reshape(8, 8)
    return Dropout(**{"x": x, "rate": 0.5, "training": True, "seed": 7, "dy": np.full_like(x, 3), **changed})


def attention(subject: Subject, **changed: Any) -> DropoutKin:
    """Values that are the identity: of four queries two weights or so are dropped."""
    x = np.resize(np.eye(4, dtype=of_dtype(subject, 1).dtype), (2, 4, 4))
    given = {"kind": "attention_dropout", "x": x, "rate": 0.5, "training": True, "seed": 7, "dy": x.copy()}
    return DropoutKin(**{**given, **changed})


def dense(subject: Subject, **changed: Any) -> Dense:
    """One input of two features, three neurons; the middle one is negative."""
    given: dict[str, Any] = {
        "x": of_dtype(subject, [1, 2]),
        "weight": held(subject, [1, 0], [0, -1], [2, 3]),
        "bias": held(subject, 5, 0, -1),
        "dy": of_dtype(subject, [1, 1, 2]),
    }
    return Dense(**{**given, "activation": "relu", **changed})


def activation(subject: Subject, name: str, **changed: Any) -> Activation:
    x = of_dtype(subject, [-1, 2], [0.5, -3])
    alpha = held(subject, 0.25) if name == "prelu" else None
    dy = np.ones((2, 1) if name == "glu" else (2, 2), x.dtype)
    return Activation(**{"name": name, "x": x, "alpha": alpha, "dy": dy, **changed})


MAKERS: dict[str, Callable[..., Case]] = {
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "dropout": dropout,
    BRIEF_DROPOUT: dropout,
    "attention_dropout": attention,
    "dense": dense,
}


def make(subject: Subject, operation: str, **changed: Any) -> Case:
    if operation in MAKERS:
        return MAKERS[operation](subject, **changed)
    return activation(subject, operation, **changed)


def expected_shapes(case: Case) -> dict[str, tuple[int, ...]]:
    """Name -> shape of every answer that the contract promises for a case with a cotangent."""
    match case:
        case BatchNorm():
            return {"y": case.x.shape, "dx": case.x.shape, "dgamma": (2,), "dbeta": (2,)}
        case LayerNorm():
            affine = {} if case.gain is None else {"dgain": (2, 2), "dbias": (2, 2)}
            return {"y": case.x.shape, "dx": case.x.shape, **affine}
        case Dense():
            return {"y": (1, 3), "dx": (1, 2), "dweight": (3, 2), "dbias": (3,)}
        case Activation(name="prelu"):
            return {"y": (2, 2), "dx": (2, 2), "dalpha": (1,)}
        case Activation(name="glu"):
            return {"y": (2, 1), "dx": (2, 2)}
        case Activation(x=x) | Dropout(x=x) | DropoutKin(x=x):
            return {"y": x.shape, "dx": x.shape}
    raise AssertionError(f"no case of {type(case).__name__} is asked here")


#: Every single layer in every subject; the activations, which differ in nothing here, in two dtypes.
OFFERED = [
    (subject, operation)
    for subject in SUBJECTS
    for operation in sorted(ADAPTER.offers(subject))
    if operation != "stack" and (operation not in ACTIVATIONS or subject.dtype in ("float32", "bfloat16"))
]


@pytest.mark.parametrize(("subject", "operation"), OFFERED, ids=lambda value: str(getattr(value, "id", value)))
def test_every_operation_answers_as_the_contract_says(subject: Subject, operation: str) -> None:
    case = make(subject, operation)
    before = {name: value.copy() for name, value in case.arrays()}
    outcome = ADAPTER.ask(subject, case)
    shapes = expected_shapes(case)
    assert {name: value.shape for name, value in outcome.arrays.items()} == shapes
    for name, value in outcome.arrays.items():
        like = counterpart(case, name)
        assert value.dtype == (case.x if like is None else like).dtype
    assert set(outcome.state) == (STATE if operation == "batch_norm" else set())
    answers = [*outcome.arrays.values(), *outcome.state.values()]
    assert all(type(answer) is np.ndarray and answer.flags.writeable for answer in answers)
    assert not any(np.shares_memory(answer, value) for answer in answers for _, value in case.arrays())
    for name, value in case.arrays():
        np.testing.assert_array_equal(value, before[name])
    if operation not in ("dropout", BRIEF_DROPOUT):
        outcome.arrays["y"][...] = 0
        again = ADAPTER.ask(subject, case)
        assert again.arrays["y"].any(), "an outcome that was written to came back"


@pytest.mark.parametrize("operation", ["batch_norm", "layer_norm", "dropout", "dense", "relu", "prelu"])
def test_no_cotangent_no_gradients(operation: str) -> None:
    subject = Subject("jax", "flax.linen") if FLAX else NN
    if operation not in ADAPTER.apis[subject.api]:
        operation = "relu"
    assert set(ADAPTER.ask(subject, make(subject, operation, dy=None)).arrays) == {"y"}


def arrays(outcome: Outcome, **expected: Any) -> None:
    """Every named answer is as expected, to a few units in the last place."""
    for name, value in expected.items():
        found = {**outcome.state, **outcome.arrays}[name]
        close(found, np.array(value, found.dtype))


@pytest.mark.parametrize("subject", FLAX, ids=lambda subject: subject.id)
class TestByHand:
    def test_batch_norm_in_training(self, subject: Subject) -> None:
        """x_hat is -1 and 1 in both channels; the statistics move a quarter of the way: momentum is of the old."""
        outcome = ADAPTER.ask(subject, batch_norm(subject))
        arrays(outcome, y=[[-1, -4], [3, 2]], dgamma=[-1, 1], dbeta=[1, 1])
        arrays(outcome, running_mean=[0.75 * 10 + 0.25 * 2, 0.75 * 20], running_var=[0.75 * 4 + 0.25, 0.75 * 16 + 1])
        arrays(outcome, gamma=[2, 3], beta=[1, -1], x=[[1, -2], [3, 2]])
        # With two samples and no epsilon the output does not depend on the input.
        np.testing.assert_array_equal(outcome.arrays["dx"], 0)

    def test_batch_norm_in_inference(self, subject: Subject) -> None:
        outcome = ADAPTER.ask(subject, batch_norm(subject, training=False))
        arrays(outcome, y=[[2 * -4.5 + 1, 3 * -5.5 - 1], [2 * -3.5 + 1, 3 * -4.5 - 1]], dx=[[1, 0], [0, 0.75]])
        arrays(outcome, dgamma=[-4.5, -4.5], dbeta=[1, 1], running_mean=[10, 20], running_var=[4, 16])

    def test_batch_norm_without_affine_and_with_channels_last(self, subject: Subject) -> None:
        x = of_dtype(subject, [[1, -2], [3, 2]])
        case = batch_norm(subject, x=x, dy=x, gamma=None, beta=None, channel_axis=-1)
        outcome = ADAPTER.ask(subject, case)
        assert set(outcome.arrays) == {"y", "dx"}
        assert set(outcome.state) == {"running_mean", "running_var", "x"}
        arrays(outcome, y=[[[-1, -1], [1, 1]]])

    def test_layer_norm_over_two_axes(self, subject: Subject) -> None:
        outcome = ADAPTER.ask(subject, layer_norm(subject))
        arrays(outcome, y=[[[1, -2], [-2, 5]], [[1, 2], [-2, -3]]], dgain=[[1, 2], [0, 0]], dbias=[[1, 2], [0, 0]])
        # dx = dx_hat - mean(dx_hat) - x_hat mean(dx_hat x_hat) with dx_hat = dy gain: one 1 and one 4.
        arrays(outcome, dx=[[[0.5, 0], [0, -0.5]], [[-2, 2], [0, 0]]])

    def test_dense(self, subject: Subject) -> None:
        outcome = ADAPTER.ask(subject, dense(subject))
        arrays(outcome, y=[[6, 0, 7]], dx=[[1 + 4, 6]], dweight=[[1, 2], [0, 0], [2, 4]], dbias=[1, 0, 2])
        plain = ADAPTER.ask(subject, dense(subject, bias=None, activation=None))
        arrays(plain, y=[[1, -2, 8]], dweight=[[1, 2], [1, 2], [2, 4]])
        assert "dbias" not in plain.arrays

    def test_dropout_in_inference(self, subject: Subject) -> None:
        case = dropout(subject, training=False)
        arrays(ADAPTER.ask(subject, case), y=case.x, dx=case.dy)

    def test_dropout_scales_what_it_keeps(self, subject: Subject) -> None:
        case = dropout(subject)
        outcome = ADAPTER.ask(subject, case)
        kept = outcome.arrays["y"] != 0
        assert 0 < kept.sum() < kept.size
        arrays(outcome, y=np.where(kept, 2 * case.x, 0), dx=np.where(kept, 6, 0))

    def test_dropout_of_everything(self, subject: Subject) -> None:
        assert ADAPTER.dialect(subject.api).rate_one == "zeros"
        arrays(ADAPTER.ask(subject, dropout(subject, rate=1.0)), y=np.zeros((8, 8)), dx=np.zeros((8, 8)))

    def test_the_seed_is_the_mask(self, subject: Subject) -> None:
        first, again, other = (ADAPTER.ask(subject, dropout(subject, seed=seed)).arrays["y"] for seed in (7, 7, 8))
        np.testing.assert_array_equal(first, again)
        assert (first != other).any()

    def test_prelu(self, subject: Subject) -> None:
        outcome = ADAPTER.ask(subject, activation(subject, "prelu"))
        arrays(outcome, y=[[-0.25, 2], [0.5, -0.75]], dx=[[0.25, 1], [1, 0.25]], dalpha=[-4])

    def test_what_is_not_offered(self, subject: Subject) -> None:
        for case, reason in (
            (batch_norm(subject, momentum=None), "no cumulative average"),
            (batch_norm(subject, running_mean=None, running_var=None), "always tracks"),
            (activation(subject, "prelu", alpha=of_dtype(subject, 1, 2)), "one slope for all channels"),
            (activation(subject, "mish"), "has no mish"),
        ):
            with pytest.raises(Unsupported, match=reason):
                ADAPTER.ask(subject, case)


@pytest.mark.parametrize("subject", [subject for subject in FLAX if subject.dtype == "float64"], ids=lambda s: s.id)
def test_statistics_are_kept_in_the_dtype_that_the_layer_chose(subject: Subject) -> None:
    """nnx in float32 whatever it is told; linen in that of the variables."""
    state = ADAPTER.ask(subject, batch_norm(subject)).state
    kept = "float32" if subject.api == "flax.nnx" else "float64"
    assert state["running_mean"].dtype == state["running_var"].dtype == kept


@pytest.mark.parametrize(
    ("name", "parameters", "y"),
    [
        ("leaky_relu", {"negative_slope": 0.5}, [[-0.5, 2], [0.5, -1.5]]),
        ("elu", {"alpha": 2.0}, [[2 * np.expm1(-1.0), 2], [0.5, 2 * np.expm1(-3.0)]]),
        ("celu", {"alpha": 2.0}, [[2 * np.expm1(-0.5), 2], [0.5, 2 * np.expm1(-1.5)]]),
        ("softmax", {"axis": 0}, 1 / (1 + np.exp([[1.5, -5.0], [-1.5, 5.0]]))),
        ("softplus", {"beta": 1.0}, np.log1p(np.exp([[-1.0, 2.0], [0.5, -3.0]]))),
        ("hard_tanh", {}, [[-1, 1], [0.5, -1]]),
        ("hard_swish", {}, [[-1 / 3, 5 / 3], [1.75 / 6, 0.0]]),
        ("softsign", {}, [[-1 / 2, 2 / 3], [1 / 3, -3 / 4]]),
    ],
)
def test_parameters_reach_the_activation(name: str, parameters: dict[str, float], y: Any) -> None:
    subject = Subject("jax", "jax.nn", dtype="float64")
    arrays(ADAPTER.ask(subject, activation(subject, name, parameters=parameters)), y=y)


def test_the_two_gelus_differ() -> None:
    exact, approximate = (ADAPTER.ask(NN, activation(NN, name)).arrays["y"] for name in ("gelu", "gelu_tanh"))
    assert (exact != approximate).any()


def test_what_jax_nn_does_not_offer() -> None:
    for case, reason in (
        (layer_norm(NN, gain=of_dtype(NN, [1, 2], [3, 4])), "neither gain nor bias"),
        (activation(NN, "softplus", parameters={"beta": 2.0}), "takes no beta"),
        (activation(NN, "prelu"), "has no prelu"),
        (dropout(NN), "has no dropout"),
    ):
        with pytest.raises(Unsupported, match=reason):
            ADAPTER.ask(NN, case)


def test_a_device_that_is_not_there_is_said_so() -> None:
    with pytest.raises(Unsupported, match="JAX has no device abacus here"):
        ADAPTER.prepare("abacus")


def test_float32_is_asked_as_users_run_it() -> None:
    """A float64 subject leaves nothing switched on behind it."""
    import jax.numpy as jnp

    ADAPTER.ask(Subject("jax", "jax.nn", dtype="float64"), activation(NN, "relu"))
    assert jnp.asarray(np.zeros(1)).dtype == jnp.float32


def test_what_the_class_declares(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ADAPTER.name == "jax"
    assert all(operations <= OPERATIONS | KIN for operations in ADAPTER.apis.values())
    assert set(adapter.SPELLINGS) == ACTIVATIONS - {"prelu"}
    assert ADAPTER.dialect("flax.nnx") == ADAPTER.dialect("flax.linen") == Dialect(momentum="old")
    assert ADAPTER.missing() is None
    assert {"jax", "jaxlib"} <= set(ADAPTER.versions())
    monkeypatch.setattr(importlib.util, "find_spec", lambda module: None if module == "flax" else module)
    assert {subject.api for subject in ADAPTER.subjects()} == {"jax.nn"}


def test_importing_the_adapter_does_not_import_jax() -> None:
    program = "import sys, adapters.jax as a; list(a.ADAPTER.subjects()); sys.exit('jax' in sys.modules)"
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0
