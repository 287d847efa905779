"""The PyTorch adapter: layer norm, dense, dropout and the activations give the values worked out by hand."""

from __future__ import annotations

import importlib.util
import math
from typing import Any

import numpy as np
import pytest

from adapters.base import ACTIVATIONS, Activation, Case, Dense, Dropout, LayerNorm, Outcome, Subject
from adapters.torch import ADAPTER

if importlib.util.find_spec("torch") is None:
    pytest.skip("torch is not installed: python -m pip install torch", allow_module_level=True)

every_api = pytest.mark.parametrize("api", ["nn", "nn.functional"])


@pytest.fixture(autouse=True)
def prepared() -> None:
    ADAPTER.prepare("cpu")


def ask(api: str, case: Case) -> Outcome:
    return ADAPTER.ask(Subject("torch", api, dtype=dict(case.arrays())["x"].dtype.name), case)


@every_api
def test_layer_norm_of_1_and_3(api: str) -> None:
    # mean 2, variance 1, the root of 1 + 3 is 2; the second row is the first one shifted and mirrored
    x, gain, bias = np.array([[1.0, 3.0], [13.0, 11.0]]), np.array([2.0, 4.0]), np.array([1.0, 0.0])
    dy = np.array([[1.0, 0.0], [0.0, 0.0]])
    for training in (True, False):
        case = LayerNorm(x=x, gain=gain, bias=bias, eps=3.0, normalized_rank=1, training=training, dy=dy)
        arrays = ask(api, case).arrays
        np.testing.assert_array_equal(arrays["y"], [[0.0, 2.0], [2.0, -2.0]])
        # dx = 1/2 (g - mean g - xhat mean(g xhat)), g = (2, 0): 1/2 (1 - 1/4, -1 + 1/4)
        np.testing.assert_array_equal(arrays["dx"], [[0.375, -0.375], [0.0, 0.0]])
        np.testing.assert_array_equal(arrays["dgain"], [-0.5, 0.0])
        np.testing.assert_array_equal(arrays["dbias"], [1.0, 0.0])


@every_api
def test_dense_is_weight_times_x_plus_bias(api: str) -> None:
    x, weight, bias = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, -6.0]]), np.array([0.5, 0.25])
    dy = np.array([[1.0, 10.0]])
    plain = ask(api, Dense(x=x, weight=weight, bias=bias, dy=dy)).arrays
    np.testing.assert_array_equal(plain["y"], [[11.5, -6.75]])
    np.testing.assert_array_equal(plain["dx"], [[53.0, -56.0]])
    np.testing.assert_array_equal(plain["dweight"], [[1.0, 2.0], [10.0, 20.0]])
    np.testing.assert_array_equal(plain["dbias"], [1.0, 10.0])
    active = ask(api, Dense(x=x, weight=weight, bias=None, activation="relu", dy=dy)).arrays
    np.testing.assert_array_equal(active["y"], [[11.0, 0.0]])
    np.testing.assert_array_equal(active["dweight"], [[1.0, 2.0], [0.0, 0.0]])
    assert "dbias" not in active


@every_api
def test_dropout_depends_on_the_seed_alone(api: str) -> None:
    def kept(seed: int, scale: float) -> Any:
        x = np.full((50, 20), scale)
        arrays = ask(api, Dropout(x=x, rate=0.75, training=True, seed=seed, dy=x)).arrays
        np.testing.assert_array_equal(arrays["y"], arrays["dx"])
        assert set(np.unique(arrays["y"])) == {0.0, 4 * scale}
        return arrays["y"] != 0

    np.testing.assert_array_equal(kept(5, 1.0), kept(5, 3.0))
    assert not np.array_equal(kept(5, 1.0), kept(6, 1.0))


@every_api
def test_dropout_has_the_mask_that_a_user_gets_from_manual_seed(api: str) -> None:
    import torch

    torch.manual_seed(11)
    wanted = torch.nn.functional.dropout(torch.ones(200), 0.5).numpy()
    outcome = ask(api, Dropout(x=np.ones(200, "float32"), rate=0.5, training=True, seed=11))
    np.testing.assert_array_equal(outcome.arrays["y"], wanted)


@every_api
def test_dropout_in_inference_and_at_its_ends(api: str) -> None:
    x = np.arange(1, 13, dtype="float32").reshape(3, 4)
    for rate, training, wanted in ((0.5, False, 1), (0.0, True, 1), (1.0, True, 0)):
        arrays = ask(api, Dropout(x=x, rate=rate, training=training, seed=1, dy=x)).arrays
        np.testing.assert_array_equal(arrays["y"], wanted * x)
        np.testing.assert_array_equal(arrays["dx"], wanted * x)


#: activation, parameters, x -> y, worked out by hand
LITERAL: list[tuple[str, dict[str, Any], list[float], list[float]]] = [
    ("relu", {}, [-2, 3], [0, 3]),
    ("leaky_relu", {"negative_slope": 0.25}, [-2, 3], [-0.5, 3]),
    ("relu6", {}, [-1, 5, 7], [0, 5, 6]),
    ("elu", {"alpha": 2.0}, [-1, 3], [2 * math.expm1(-1), 3]),
    ("celu", {"alpha": 2.0}, [-2, 3], [2 * math.expm1(-1), 3]),
    ("selu", {}, [2], [2 * 1.0507009873554804934193349852946]),
    ("gelu", {}, [1], [0.84134474606854294858523254563117]),
    ("gelu_tanh", {}, [1], [0.84119199060827670478]),
    ("silu", {}, [math.log(3)], [0.75 * math.log(3)]),
    ("mish", {}, [math.log(2)], [0.8 * math.log(2)]),
    ("sigmoid", {}, [math.log(3)], [0.75]),
    ("log_sigmoid", {}, [0], [-math.log(2)]),
    ("tanh", {}, [math.log(3)], [0.8]),
    ("softplus", {"beta": 2.0}, [0, 30], [math.log(2) / 2, 30]),
    ("softsign", {}, [-3, 1], [-0.75, 0.5]),
    ("hard_sigmoid", {}, [-4, 0, 1.5, 4], [0, 0.5, 0.75, 1]),
    ("hard_swish", {}, [-4, 1.5, 4], [0, 1.125, 4]),
    ("hard_tanh", {}, [-3, 0.25, 3], [-1, 0.25, 1]),
    ("softmax", {"axis": 0}, [0, math.log(3)], [0.25, 0.75]),
    ("log_softmax", {}, [0, math.log(3)], [-math.log(4), math.log(0.75)]),
    ("glu", {"axis": -1}, [8, math.log(3)], [6]),
]


@every_api
@pytest.mark.parametrize(("name", "parameters", "x", "y"), LITERAL, ids=[row[0] for row in LITERAL])
def test_activations_at_known_points(
    api: str, name: str, parameters: dict[str, Any], x: list[float], y: list[float]
) -> None:
    outcome = ask(api, Activation(name=name, x=np.array(x, "float64"), parameters=parameters))
    np.testing.assert_array_almost_equal_nulp(outcome.arrays["y"], np.array(y, "float64"), 4)


def test_every_activation_has_a_known_point() -> None:
    assert {row[0] for row in LITERAL} | {"prelu"} == ACTIVATIONS


@every_api
def test_prelu_learns_one_slope_a_channel(api: str) -> None:
    x, dy = np.array([[-1.0, 2.0], [-3.0, -4.0]]), np.ones((2, 2))
    each = ask(api, Activation(name="prelu", x=x, alpha=np.array([0.5, 0.25]), dy=dy)).arrays
    np.testing.assert_array_equal(each["y"], [[-0.5, 2.0], [-1.5, -1.0]])
    np.testing.assert_array_equal(each["dx"], [[0.5, 1.0], [0.5, 0.25]])
    np.testing.assert_array_equal(each["dalpha"], [-4.0, -4.0])
    shared = ask(api, Activation(name="prelu", x=x, alpha=np.array([0.5]), dy=dy)).arrays
    np.testing.assert_array_equal(shared["dalpha"], [-8.0])
    with pytest.raises(ValueError, match="needs its slope"):
        ask(api, Activation(name="prelu", x=x))
