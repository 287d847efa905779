"""The contract of the TensorFlow adapter: names, shapes and dtypes of every answer, copies, refusals, lazy imports."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="tensorflow not installed")
pytest.importorskip("keras", reason="keras not installed")

from adapters.base import (
    ACTIVATIONS,
    OPERATIONS,
    Activation,
    Array,
    BatchNorm,
    Case,
    Dense,
    Dropout,
    LayerNorm,
    Outcome,
    Subject,
    Unsupported,
)
from adapters.tensorflow import ADAPTER

Question = BatchNorm | LayerNorm | Dropout | Dense | Activation

APIS = ("keras", "keras.ops", "tf.nn")
DTYPES = ("float32", "float64", "float16", "bfloat16")


@pytest.fixture(scope="module", autouse=True)
def prepared() -> None:
    ADAPTER.prepare("cpu")


def values(*shape: int, dtype: Any = "float32", start: float = -1.5) -> Array:
    """Distinct eighths that every dtype here holds exactly."""
    import ml_dtypes

    size = int(np.prod(shape))
    known = ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype
    return (start + np.arange(size) % 31 / 8).reshape(shape).astype(known)


def subject(api: str, case: Case) -> Subject:
    return Subject("tensorflow", api, dtype=dict(case.arrays())["x"].dtype.name)


def ask(api: str, case: Case) -> Outcome:
    return ADAPTER.ask(subject(api, case), case)


def batch_norm(*shape: int, dtype: str = "float32", channel_axis: int = 1, **changed: Any) -> BatchNorm:
    channels = shape[channel_axis]
    case = BatchNorm(
        x=values(*shape, dtype=dtype),
        gamma=values(channels, dtype=dtype, start=0.5),
        beta=values(channels, dtype=dtype, start=-0.5),
        running_mean=values(channels, dtype=dtype, start=0.25),
        running_var=values(channels, dtype=dtype, start=1.0),
        eps=0.125,
        momentum=0.75,
        channel_axis=channel_axis,
        training=True,
        dy=values(*shape, dtype=dtype, start=-1.0),
    )
    return replace(case, **changed)


def activation(name: str, dtype: str = "float32", **changed: Any) -> Activation:
    x = values(3, 4, dtype=dtype)
    case = Activation(name=name, x=x, dy=values(*(3, 2) if name == "glu" else (3, 4), dtype=dtype))
    if name == "prelu":
        changed.setdefault("alpha", values(4, dtype=dtype, start=0.25))
    return replace(case, **changed)


def every_case(dtype: str) -> dict[str, Question]:
    """One case an operation, rank 3 where the operation has ranks."""
    x, dy = values(2, 3, 4, dtype=dtype), values(2, 3, 4, dtype=dtype, start=-1.0)
    gain, bias = values(3, 4, dtype=dtype), values(3, 4, dtype=dtype, start=0.25)
    weight, dense_dy = values(5, 4, dtype=dtype), values(2, 3, 5, dtype=dtype)
    cases: dict[str, Question] = {name: activation(name, dtype) for name in ACTIVATIONS}
    cases["batch_norm"] = batch_norm(2, 3, 4, dtype=dtype)
    cases["layer_norm"] = LayerNorm(x=x, gain=gain, bias=bias, eps=0.125, normalized_rank=2, dy=dy)
    cases["dropout"] = Dropout(x=x, rate=0.5, training=True, seed=7, dy=dy)
    cases["dense"] = Dense(x=x, weight=weight, bias=values(5, dtype=dtype), activation="relu", dy=dense_dy)
    return cases


OUTPUT = {"glu": (3, 2), "dense": (2, 3, 5)}
PARAMETERS = {
    "batch_norm": ("gamma", "beta"),
    "layer_norm": ("gain", "bias"),
    "dense": ("weight", "bias"),
    "prelu": ("alpha",),
}
#: Layers in a row are asked by the clauses that speak of them.
SINGLE = OPERATIONS - {"stack"}
OFFERED = [(api, operation) for api in APIS for operation in sorted(ADAPTER.apis[api] & SINGLE)]


# ------------------------------------------------------------------ the contract


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("api", "operation"), OFFERED)
def test_names_shapes_and_dtypes(api: str, operation: str, dtype: str) -> None:
    case = every_case(dtype)[operation]
    given = dict(case.arrays())
    outcome = ask(api, case)
    expected = {"y": OUTPUT.get(operation, given["x"].shape), "dx": given["x"].shape}
    expected |= {f"d{name}": given[name].shape for name in PARAMETERS.get(operation, ())}
    assert {name: array.shape for name, array in outcome.arrays.items()} == expected
    assert {array.dtype.name for array in outcome.arrays.values()} == {dtype}
    held = [name for name in given if name != "dy"] if api == "keras" else ["x"]
    assert {name: array.shape for name, array in outcome.state.items()} == {name: given[name].shape for name in held}
    assert all(np.isfinite(array.astype("float64")).all() for array in outcome.arrays.values())


@pytest.mark.parametrize(("api", "operation"), OFFERED)
def test_no_gradients_unless_asked(api: str, operation: str) -> None:
    case = every_case("float32")[operation]
    with_gradients, without = ask(api, case), ask(api, replace(case, dy=None))
    assert set(without.arrays) == {"y"}
    np.testing.assert_array_equal(without.arrays["y"], with_gradients.arrays["y"])


@pytest.mark.parametrize(("api", "operation"), OFFERED)
def test_answers_are_copies_and_the_case_is_left_alone(api: str, operation: str) -> None:
    case = every_case("float32")[operation]
    before = {name: array.copy() for name, array in case.arrays()}
    first = ask(api, case)
    kept = {name: array.copy() for name, array in first.arrays.items()}
    answered = [*first.arrays.values(), *first.state.values()]
    for array in answered:
        assert not any(np.shares_memory(array, given) for _, given in case.arrays())
        array[...] = 99
    second = ask(api, case)
    for name, array in case.arrays():
        np.testing.assert_array_equal(array, before[name])
    for name, array in second.arrays.items():
        np.testing.assert_array_equal(array, kept[name])


def test_offers_known_operations_and_says_where_not() -> None:
    assert set(ADAPTER.apis) == {*APIS, "tf.nn.fused", "tf.nn.conv_fused"}
    assert ADAPTER.apis["keras"] == OPERATIONS | {"alpha_dropout", "gaussian_dropout"}
    assert ADAPTER.apis["keras.ops"] == SINGLE - {"dropout", "dense", "prelu", "mish"}
    assert ADAPTER.apis["tf.nn"] < OPERATIONS
    for api in ("keras.ops", "tf.nn", "tf.nn.fused"):
        for operation in SINGLE - ADAPTER.apis[api]:
            with pytest.raises(Unsupported):
                ask(api, every_case("float32")[operation])


# ------------------------------------------------------------------ refusals

NO_STATISTICS: dict[str, Any] = {"running_mean": None, "running_var": None}
REFUSED: list[tuple[str, Case, str]] = [
    ("keras", batch_norm(4, 2, momentum=None), "cumulative"),
    ("keras", batch_norm(4, 2, **NO_STATISTICS), "always tracks"),
    ("tf.nn", batch_norm(4, 2, training=False, **NO_STATISTICS), "statistics that inference needs"),
    ("keras.ops", batch_norm(4, 2, training=False, **NO_STATISTICS), "statistics that inference needs"),
    ("tf.nn.fused", batch_norm(4, 2, training=False, **NO_STATISTICS), "statistics that inference needs"),
    ("tf.nn.fused", batch_norm(4, 2, gamma=None), "scale and offset"),
    ("tf.nn.fused", batch_norm(4, 2, momentum=None), "cumulative"),
    ("tf.nn.conv_fused", batch_norm(4, 2), "does not offer"),
    ("tf.nn", activation("mish"), "no mish"),
    ("tf.nn", activation("elu", parameters={"alpha": 2.0}), "built in"),
    ("keras", activation("softplus", parameters={"beta": 2.0}), "built in"),
    ("keras", activation("hard_tanh", parameters={"lower": -2.0}), "built in"),
    ("keras", activation("relu", parameters={"slope": 2.0}), "no parameter slope"),
    ("keras", Dense(x=values(2, 3), weight=values(2, 3), bias=None, activation="gelu"), "takes no name"),
    ("keras", Dense(x=values(3), weight=values(2, 3), bias=None), "batch axis"),
    ("tf.nn", Dense(x=values(3), weight=values(2, 3), bias=None), "batch axis"),
    ("keras", Dense(x=values(2, 3), weight=values(2, 3, dtype="float64"), bias=None), "no policy"),
]


@pytest.mark.parametrize(("api", "case", "reason"), REFUSED, ids=[reason for _, _, reason in REFUSED])
def test_unsupported(api: str, case: Case, reason: str) -> None:
    with pytest.raises(Unsupported, match=reason):
        ask(api, case)


def test_wrong_subjects() -> None:
    case = activation("relu")
    for wrong in (Subject("tensorflow", "tf.math"), Subject("tensorflow", "keras", "graph")):
        with pytest.raises(Unsupported, match="does not offer"):
            ADAPTER.ask(wrong, case)
    with pytest.raises(ValueError, match="float32"):
        ADAPTER.ask(Subject("tensorflow", "keras", dtype="float64"), case)
    with pytest.raises(Unsupported, match="tpu"):
        ADAPTER.prepare("tpu")


def test_the_frameworks_own_errors_pass_through() -> None:
    with pytest.raises(ValueError, match="shape"):
        ask("keras", batch_norm(4, 2, gamma=values(3)))


# ------------------------------------------------------------------ imports


def in_fresh_process(code: str, **environment: str) -> str:
    settings = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"} | environment
    done = subprocess.run([sys.executable, "-c", code], env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_adapter_imports_no_framework() -> None:
    code = "import sys, adapters.tensorflow; print(sorted({'tensorflow', 'keras'} & sys.modules.keys()))"
    assert in_fresh_process(code) == "[]"


def test_another_keras_backend_is_refused_and_tf_nn_still_answers() -> None:
    code = """
import numpy as np
from adapters.base import Activation, Subject, Unsupported
from adapters.tensorflow import ADAPTER
ADAPTER.prepare("cpu")
case = Activation(name="relu", x=np.array([-1, 2], "float32"))
print(ADAPTER.ask(Subject("tensorflow", "tf.nn"), case).arrays["y"].tolist())
try:
    ADAPTER.ask(Subject("tensorflow", "keras"), case)
except Unsupported as refusal:
    print(refusal)
"""
    answered, refused = in_fresh_process(code, KERAS_BACKEND="jax").splitlines()
    assert answered == "[0.0, 2.0]"
    assert "Keras runs on jax here" in refused
