"""The control's arithmetic: gradients against differences, tails, its own dtype, clear refusals, and NumPy alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest

from adapters.base import (
    ACTIVATIONS,
    Activation,
    Array,
    BatchNorm,
    Case,
    Dense,
    Dropout,
    LayerNorm,
    Subject,
    Unsupported,
)
from adapters.numpy import ADAPTER, NumPy
from tests.adapters.numpy_cases import ask, maker, smooth_cases

#: The step of a central difference in float64 whose truncation and rounding errors, both near its square, balance.
STEP = float(np.cbrt(np.finfo(np.float64).eps))


def differences(case: Case, name: str, dy: Array) -> Array:
    """The gradient of sum(dy y) with respect to one array of the case, by central differences."""
    value: Array = getattr(case, name)
    found: Array = np.zeros_like(value)
    for index in np.ndindex(value.shape):
        ends = []
        for step in (STEP, -STEP):
            moved = value.copy()
            moved[index] += step
            changed: dict[str, Any] = {name: moved}
            ends.append(np.sum(dy * ask(replace(case, **changed))[0]["y"]))
        found[index] = (ends[0] - ends[1]) / (2 * STEP)
    return found


@pytest.mark.parametrize("seed", [0, 1])
def test_gradients_agree_with_differences(seed: int) -> None:
    for case in smooth_cases(maker("float64", seed)):
        arrays, _ = ask(case)
        values = dict(case.arrays())
        gradients = [name for name in values if f"d{name}" in arrays]
        assert "x" in gradients
        for name in gradients:
            # A whole factor 1/STEP above the error of the difference, and far below any mistake in a formula.
            np.testing.assert_allclose(arrays[f"d{name}"], differences(case, name, values["dy"]), rtol=STEP, atol=STEP)


Exact = Callable[[Any], Any]


def _cdf(x: Any) -> Any:
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


def _gelu_tanh(x: Any) -> Any:
    return x * _sigmoid(2 * mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x**3))


SMOOTH: dict[str, Exact] = {
    "elu": lambda x: x if x > 0 else mpmath.expm1(x),
    "gelu": lambda x: x * _cdf(x),
    "gelu_tanh": _gelu_tanh,
    "silu": lambda x: x * _sigmoid(x),
    "mish": lambda x: x * mpmath.tanh(mpmath.log(1 + mpmath.exp(x))),
    "sigmoid": _sigmoid,
    "log_sigmoid": lambda x: mpmath.log(_sigmoid(x)),
    "tanh": mpmath.tanh,
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_tails_keep_half_their_digits(name: str) -> None:
    """Cancellation leaves none at all; the input's own rounding takes away no more than the condition x^2 of gelu."""
    x = np.array([-30.0, -20.0, -9.0, -1e-9, 1e-9, 9.0, 20.0, 30.0])
    arrays, _ = ask(Activation(name=name, x=x, dy=np.ones_like(x)))
    with mpmath.workdps(400):
        y = [float(SMOOTH[name](mpmath.mpf(value))) for value in x]
        dx = [float(mpmath.diff(SMOOTH[name], mpmath.mpf(value), h=mpmath.mpf("1e-100"))) for value in x]
    half = float(np.sqrt(np.finfo(np.float64).eps))
    np.testing.assert_allclose(arrays["y"], y, rtol=half, atol=np.finfo(np.float64).tiny)
    np.testing.assert_allclose(arrays["dx"], dx, rtol=half, atol=np.finfo(np.float64).tiny)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_elementwise_activations_are_finite_where_their_value_is(dtype: str) -> None:
    # Half of it, because selu multiplies by 1.05 and log_softmax takes the difference of the ends.
    largest = np.finfo(dtype).max / 2
    x = np.array([-largest, -1e4, -100, 100, 1e4, largest], dtype)
    for name in sorted(ACTIVATIONS - {"prelu"}):
        dy = np.ones(3 if name == "glu" else 6, dtype)
        arrays, _ = ask(Activation(name=name, x=x, dy=dy))
        assert np.isfinite(arrays["y"]).all(), name
        assert np.isfinite(arrays["dx"]).all(), name


def test_large_mean_leaves_the_variance_whole() -> None:
    x = (4096 + np.array([[-1], [1], [-1], [1]])).astype(np.float32)
    norm = BatchNorm(
        x=x, gamma=None, beta=None, running_mean=np.zeros(1, np.float32), running_var=np.zeros(1, np.float32),
        eps=0.0, momentum=1.0, channel_axis=1, training=True,
    )  # fmt: skip
    arrays, state = ask(norm)
    np.testing.assert_array_equal(arrays["y"], x - 4096)
    np.testing.assert_array_equal(state["running_var"], np.array([4 / 3], np.float32))
    np.testing.assert_array_equal(
        ask(LayerNorm(x=x.T, gain=None, bias=None, eps=0.0, normalized_rank=1))[0]["y"], x.T - 4096
    )


def test_float32_sums_stay_in_float32() -> None:
    """Of 2^24 and a one that follows it nothing is left in float32; in float64 the one would be."""
    x = np.array([[2.0**24, 1.0]], np.float32)
    arrays, _ = ask(Dense(x=x, weight=np.ones((1, 2), np.float32), bias=np.array([-(2.0**24)], np.float32)))
    np.testing.assert_array_equal(arrays["y"], [[0]])


def test_answer_in_another_dtype_is_an_error() -> None:
    class Doubling(NumPy):
        def average(self, x: Array, axes: tuple[int, ...]) -> Array:
            return super().average(x.astype(np.float64), axes)

    with pytest.raises(TypeError, match="y came out as float64, not as float32"):
        ask(LayerNorm(x=np.ones((2, 3), np.float32), gain=None, bias=None, eps=0.1, normalized_rank=1), Doubling())


def test_what_it_does_not_offer_is_unsupported() -> None:
    make = maker("float64")
    norm = BatchNorm(
        x=make((4, 2)), gamma=None, beta=None, running_mean=make((2,)), running_var=np.ones(2), eps=0.1, momentum=None,
        channel_axis=1, training=True,
    )  # fmt: skip
    with pytest.raises(Unsupported, match="cumulative"):
        ask(norm)
    with pytest.raises(Unsupported, match="running statistics"):
        ask(replace(norm, momentum=0.1, training=False, running_mean=None, running_var=None))
    with pytest.raises(Unsupported, match="int32"):
        ask(Activation(name="relu", x=np.ones(2, np.int32)))
    with pytest.raises(Unsupported, match="maxout"):
        ask(Activation(name="maxout", x=np.ones(2)))
    with pytest.raises(Unsupported, match="cuda"):
        ADAPTER.ask(Subject("numpy", "control", device="cuda"), norm)
    with pytest.raises(Unsupported, match="compiled"):
        ADAPTER.ask(Subject("numpy", "control", mode="compiled"), norm)


def test_statistics_that_are_not_tracked_are_not_answered() -> None:
    make = maker("float64")
    arrays, state = ask(
        BatchNorm(
            x=make((4, 2)), gamma=None, beta=None, running_mean=None, running_var=None, eps=0.1, momentum=None,
            channel_axis=1, training=True,
        )
    )  # fmt: skip
    assert list(arrays) == ["y"]
    assert list(state) == ["x"]


def test_bad_input_is_a_clear_error() -> None:
    make = maker("float64")
    dropout = Dropout(x=make((3,)), rate=0.5, training=True, seed=0)
    layer = LayerNorm(x=make((2, 3)), gain=None, bias=None, eps=0.1, normalized_rank=1)
    dense = Dense(x=make((2, 3)), weight=make((4, 3)), bias=None)
    batch = BatchNorm(
        x=make((4, 2)), gamma=None, beta=None, running_mean=None, running_var=None, eps=0.1, momentum=0.1,
        channel_axis=1, training=True,
    )  # fmt: skip
    refused: list[tuple[Case, str]] = [
        *((replace(dropout, rate=rate), "rate must lie in") for rate in (-0.1, 1.1, np.nan)),
        (replace(layer, gain=make((2,))), "gain has shape"),
        (replace(layer, eps=np.nan), "eps must not be negative"),
        (replace(layer, normalized_rank=3), "no 3 trailing axes"),
        (replace(dense, weight=make((4, 2))), "weight has shape"),
        (replace(dense, bias=make((3,))), "bias has shape"),
        (replace(batch, gamma=make((1,))), "gamma has shape"),
        (replace(batch, momentum=1.5), "momentum must lie in"),
        (replace(batch, x=make((1, 2))), "more than one value a channel"),
        (replace(batch, x=make((4,))), "rank 1"),
        (Activation(name="prelu", x=make((2, 3)), alpha=make((2,))), "alpha has shape"),
        (Activation(name="prelu", x=make((2, 3))), "needs its slope"),
    ]
    for case, message in refused:
        with pytest.raises(ValueError, match=message):
            ask(case)


ALONE = """
import sys
import numpy as np

sys.meta_path.insert(0, type("Absent", (), {"find_spec": staticmethod(refuse)}))
from adapters.base import ACTIVATIONS, Activation, Subject
from adapters.numpy import ADAPTER

loaded = {name.split(".")[0] for name in sys.modules}
assert not {"reference", "conformance", "scipy", "torch", "jax", "tensorflow"} & loaded
subject = Subject("numpy", "control", dtype="float64")
print(repr(float(ADAPTER.ask(subject, Activation(name="gelu", x=np.array([1.0]))).arrays["y"][0])))
subject = Subject("numpy", "control")
print(ADAPTER.ask(subject, Activation(name="gelu", x=np.array([1.0], np.float32))).arrays["y"].dtype)
"""
REFUSE = """
def refuse(name, path=None, target=None):
    if name.split(".")[0] in {"scipy", "torch", "jax", "tensorflow", "hypothesis", "pytest"}:
        raise ImportError(name)
"""


def test_needs_numpy_alone() -> None:
    root = Path(__file__).parents[2]
    answer = subprocess.run(
        [sys.executable, "-c", REFUSE + ALONE], cwd=root, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    value, dtype = answer.stdout.split()
    assert float(value) == pytest.approx(0.8413447460685429)
    assert dtype == "float32"
