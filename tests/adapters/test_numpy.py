"""The control: its contract, and values worked by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters.base import ACTIVATIONS, Activation, Array, BatchNorm, Dense, Dropout, LayerNorm
from adapters.numpy import ADAPTER, NumPy
from tests.adapters.numpy_cases import DTYPES, all_cases, ask, maker


def exactly(got: Array, expected: Any) -> None:
    np.testing.assert_array_equal(got, np.asarray(expected, got.dtype))


def test_declares_every_operation_in_torchs_dialect() -> None:
    assert [str(subject) for subject in ADAPTER.subjects()] == [
        "backend=numpy api=control mode=eager device=cpu dtype=float32",
        "backend=numpy api=control mode=eager device=cpu dtype=float64",
        "backend=numpy api=control mode=eager device=cpu dtype=float16",
        "backend=numpy api=control mode=eager device=cpu dtype=bfloat16",
        "backend=numpy api=control mode=eager device=cpu dtype=mixed_float16",
        "backend=numpy api=control mode=eager device=cpu dtype=mixed_bfloat16",
    ]
    dialect = ADAPTER.dialect("control")
    assert (dialect.momentum, dialect.running_var_divisor, dialect.rate_one) == ("new", "n-1", "zeros")
    assert ADAPTER.missing() is None
    assert list(ADAPTER.versions()) == ["numpy"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_answers_have_the_shapes_and_the_dtype_of_what_they_belong_to(dtype: str) -> None:
    for case in all_cases(maker(dtype)):
        arrays, state = ask(case)
        inputs = dict(case.arrays())
        expected = {
            f"d{name}": value.shape
            for name, value in inputs.items()
            if name not in ("dy", "running_mean", "running_var")
        }
        expected["y"] = inputs["dy"].shape
        assert {name: value.shape for name, value in arrays.items()} == expected
        assert {value.dtype.name for value in [*arrays.values(), *state.values()]} == {dtype}
        if isinstance(case, BatchNorm):
            assert {name: value.shape for name, value in state.items()} == {
                name: value.shape for name, value in inputs.items() if name != "dy"
            }


@pytest.mark.parametrize("dtype", DTYPES)
def test_case_is_left_as_it_was_and_shares_no_memory_with_the_answer(dtype: str) -> None:
    for case in all_cases(maker(dtype)):
        before = {name: value.copy() for name, value in case.arrays()}
        arrays, state = ask(case)
        for name, value in case.arrays():
            exactly(value, before[name])
            assert not any(np.shares_memory(value, other) for other in [*arrays.values(), *state.values()])


def test_no_gradients_without_a_cotangent() -> None:
    for case in all_cases(maker("float64")):
        assert list(ask(replace(case, dy=None))[0]) == ["y"]  # type: ignore[call-arg]


@pytest.mark.parametrize("dtype", DTYPES)
def test_batch_norm_by_hand(dtype: str) -> None:
    """Mean 2, variance 1 and eps 3 make the root 2; the unbiased variance is 2."""

    def one(*values: Any) -> Array:
        return np.array(values, dtype)

    case = BatchNorm(
        x=one([1], [3]), gamma=one(2), beta=one(10), running_mean=one(0), running_var=one(1), eps=3.0, momentum=0.25,
        channel_axis=1, training=True, dy=one([1], [0]),
    )  # fmt: skip
    arrays, state = ask(case)
    exactly(arrays["y"], [[9], [11]])
    exactly(arrays["dx"], [[0.375], [-0.375]])
    exactly(arrays["dgamma"], [-0.5])
    exactly(arrays["dbeta"], [1])
    exactly(state["running_mean"], [0.5])
    exactly(state["running_var"], [1.25])

    arrays, state = ask(replace(case, training=False))
    exactly(arrays["y"], [[11], [13]])
    exactly(arrays["dx"], [[1], [0]])
    exactly(arrays["dgamma"], [0.5])
    exactly(arrays["dbeta"], [1])
    for name, value in state.items():
        exactly(value, getattr(case, name))


@pytest.mark.parametrize("dtype", DTYPES)
def test_layer_norm_by_hand(dtype: str) -> None:
    x, gain, bias = np.array([[1, 3], [0, 4]], dtype), np.array([2, 3], dtype), np.array([1, 0], dtype)
    case = LayerNorm(x=x, gain=gain, bias=bias, eps=0.0, normalized_rank=1, dy=np.array([[1, 0], [0, 1]], dtype))
    arrays, _ = ask(case)
    exactly(arrays["y"], [[-1, 3], [-1, 3]])
    exactly(arrays["dx"], [[0, 0], [0, 0]])
    exactly(arrays["dgain"], [-1, 1])
    exactly(arrays["dbias"], [1, 1])
    # The root is 2 in the first sample: the same arithmetic as in batch normalization.
    exactly(ask(replace(case, x=x[:1], dy=case.dy[:1], eps=3.0))[0]["dx"], [[0.375, -0.375]])  # type: ignore[index]


@pytest.mark.parametrize("dtype", DTYPES)
def test_dropout_by_hand(dtype: str) -> None:
    class Given(NumPy):
        def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
            return np.array([True, False, True])

    case = Dropout(x=np.array([1, 2, -3], dtype), rate=0.75, training=True, seed=0, dy=np.array([5, 6, 7], dtype))
    arrays, _ = ask(case, Given())
    exactly(arrays["y"], [4, 0, -12])
    exactly(arrays["dx"], [20, 0, 28])
    for other in (replace(case, training=False), replace(case, rate=0.0)):
        exactly(ask(other)[0]["y"], case.x)
        exactly(ask(other)[0]["dx"], [5, 6, 7])
    exactly(ask(replace(case, rate=1.0))[0]["y"], [0, 0, 0])
    exactly(ask(replace(case, rate=1.0))[0]["dx"], [0, 0, 0])


def test_dropout_mask_belongs_to_the_seed() -> None:
    case = Dropout(x=np.ones((8, 8)), rate=0.5, training=True, seed=7)
    exactly(ask(case)[0]["y"], ask(replace(case, x=np.ones((8, 8))))[0]["y"])
    exactly(ask(case)[0]["y"], 2.0 * (np.random.default_rng(7).random((8, 8)) >= 0.5))
    assert not np.array_equal(ask(case)[0]["y"], ask(replace(case, seed=8))[0]["y"])


@pytest.mark.parametrize("dtype", DTYPES)
def test_neurons_by_hand(dtype: str) -> None:
    weight, bias = np.array([[1, 2], [3, 4], [-1, 0]], dtype), np.array([10, 20, 1], dtype)
    x, dy = np.array([[[1, 1]], [[2, 0]]], dtype), np.array([[[1, 1, 1]], [[0, 2, 5]]], dtype)
    arrays, _ = ask(Dense(x=x, weight=weight, bias=bias, dy=dy))
    exactly(arrays["y"], [[[13, 27, 0]], [[12, 26, -1]]])
    exactly(arrays["dx"], [[[3, 6]], [[1, 8]]])
    exactly(arrays["dweight"], [[1, 1], [5, 1], [11, 1]])
    exactly(arrays["dbias"], [1, 3, 6])
    arrays, _ = ask(Dense(x=x, weight=weight, bias=bias, activation="relu", dy=dy))
    exactly(arrays["y"], [[[13, 27, 0]], [[12, 26, 0]]])
    exactly(arrays["dbias"], [1, 3, 0])


LOG2, LOG_3_2, LOG3 = math.log(2), math.log(1.5), math.log(3)
BY_HAND: tuple[tuple[str, dict[str, float], list[float], list[float]], ...] = (
    ("relu", {}, [-2, 3], [0, 3]),
    ("leaky_relu", {"negative_slope": 0.25}, [-2, 3], [-0.5, 3]),
    ("relu6", {}, [-1, 3, 7], [0, 3, 6]),
    ("elu", {"alpha": 4.0}, [-LOG2, 3], [-2, 3]),
    ("celu", {"alpha": 2.0}, [-2 * LOG2, 3], [-1, 3]),
    ("selu", {}, [-LOG2, 1], [-1.7580993408473766 / 2, 1.0507009873554805]),
    ("gelu", {}, [0, 1, -1], [0, 0.8413447460685429, -0.15865525393145707]),
    ("gelu_tanh", {}, [0, 1, -1], [0, 0.8411919906082768, -0.15880800939172324]),
    ("silu", {}, [0, LOG3], [0, 0.75 * LOG3]),
    ("mish", {}, [0, LOG2], [0, 0.8 * LOG2]),
    ("sigmoid", {}, [-LOG3, LOG3], [0.25, 0.75]),
    ("log_sigmoid", {}, [0, -LOG3], [-LOG2, -2 * LOG2]),
    ("tanh", {}, [LOG2, -LOG2], [0.6, -0.6]),
    ("softplus", {"beta": 2.0}, [0, -LOG2 / 2], [LOG2 / 2, LOG_3_2 / 2]),
    ("softsign", {}, [3, -3], [0.75, -0.75]),
    ("hard_sigmoid", {}, [-4, 0, 1.5, 4], [0, 0.5, 0.75, 1]),
    ("hard_swish", {}, [-4, 0, 1.5, 4], [0, 0, 1.125, 4]),
    ("hard_tanh", {}, [-3, 0.5, 3], [-1, 0.5, 1]),
    ("softmax", {}, [0, LOG3], [0.25, 0.75]),
    ("log_softmax", {}, [0, LOG3], [-2 * LOG2, -math.log(4 / 3)]),
    ("glu", {}, [4, LOG3], [3]),
)


@pytest.mark.parametrize(
    ("name", "parameters", "x", "y"), BY_HAND, ids=lambda value: value if isinstance(value, str) else ""
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_activation_by_hand(
    name: str, parameters: dict[str, float], x: list[float], y: list[float], dtype: str
) -> None:
    got = ask(Activation(name=name, x=np.array(x, dtype), parameters=parameters))[0]["y"]
    np.testing.assert_array_max_ulp(got, np.array(y, dtype), maxulp=4)


def test_every_activation_is_worked_by_hand() -> None:
    assert {row[0] for row in BY_HAND} | {"prelu"} == ACTIVATIONS
    arrays, _ = ask(
        Activation(name="prelu", x=np.array([[-4.0, -4.0]]), alpha=np.array([0.25, 2.0]), dy=np.ones((1, 2)))
    )
    exactly(arrays["y"], [[-1, -8]])
    exactly(arrays["dx"], [[0.25, 2]])
    exactly(arrays["dalpha"], [-4, -4])
