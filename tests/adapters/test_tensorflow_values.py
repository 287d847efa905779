"""Answers of the TensorFlow adapter that a person can check: worked by hand, or the known digits of an activation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="tensorflow not installed")
pytest.importorskip("keras", reason="keras not installed")

from adapters.base import Activation, Array, BatchNorm, Case, Dense, Dropout, LayerNorm, Outcome, Subject, Unsupported
from adapters.tensorflow import ADAPTER

APIS = ("keras", "tf.nn")
OFFERED = [(api, operation) for api in APIS for operation in sorted(ADAPTER.apis[api])]


@pytest.fixture(scope="module", autouse=True)
def prepared() -> None:
    ADAPTER.prepare("cpu")


def ask(api: str, case: Case) -> Outcome:
    return ADAPTER.ask(Subject("tensorflow", api, dtype=dict(case.arrays())["x"].dtype.name), case)


def batch_norm(x: Array, channel_axis: int, eps: float, *, training: bool) -> BatchNorm:
    """Momentum 0.75; parameters and statistics are those of the two channels of the inference test."""
    gamma, beta = np.array([4, 2], x.dtype), np.array([0.5, -1], x.dtype)
    mean, variance = np.array([1, 3], x.dtype), np.array([3, 0], x.dtype)
    return BatchNorm(
        x=x,
        gamma=gamma,
        beta=beta,
        running_mean=mean,
        running_var=variance,
        eps=eps,
        momentum=0.75,
        channel_axis=channel_axis,
        training=training,
        dy=np.ones_like(x),
    )


# ------------------------------------------------------------------ layers


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("shape", "channel_axis"), [((4, 1), 1), ((1, 1, 4), 1), ((2, 2, 1), -1), ((2, 1, 1, 2, 1), 1)]
)
def test_batch_norm_in_training(api: str, dtype: str, shape: tuple[int, ...], channel_axis: int) -> None:
    """Mean 3, variance (4+1+1+4)/4 = 2.5; epsilon 1.5 makes the root 2: y = 4(x-3)/2 + 10."""
    one = np.ones(1, dtype)
    case = batch_norm(np.array([1, 2, 4, 5], dtype).reshape(shape), channel_axis, 1.5, training=True)
    case = replace(case, gamma=4 * one, beta=10 * one, running_mean=one, running_var=8 * one)
    dy = np.array([1, 0, 0, 0], dtype).reshape(shape)
    outcome = ask(api, replace(case, dy=dy))
    assert outcome.arrays["y"].ravel().tolist() == [6, 8, 12, 14]
    assert outcome.arrays["dgamma"].tolist() == [-1]
    assert outcome.arrays["dbeta"].tolist() == [1]
    # 4/2 (dy - 1/4 - xhat * mean(dy xhat)), xhat = (-1, -1/2, 1/2, 1), mean(dy xhat) = -1/4
    assert outcome.arrays["dx"].ravel().tolist() == [1.0, -0.75, -0.25, 0.0]
    if api == "keras":
        # momentum 0.75 weighs the old value: 0.75 * 1 + 0.25 * 3 and 0.75 * 8 + 0.25 * 2.5 (n-1 would give 6.8333)
        assert outcome.state["running_mean"].tolist() == [1.5]
        assert outcome.state["running_var"].tolist() == [6.625]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(("shape", "channel_axis"), [((2, 2), 1), ((1, 2, 2), 1), ((2, 1, 1, 2), -1)])
def test_batch_norm_in_inference(api: str, shape: tuple[int, ...], channel_axis: int) -> None:
    """Channel means 1 and 3, roots sqrt(3+1) = 2 and sqrt(0+1) = 1, gamma 4 and 2, beta 0.5 and -1."""
    outcome = ask(api, batch_norm(np.full(shape, 5, "float32"), channel_axis, 1.0, training=False))
    channels_last = {name: np.moveaxis(outcome.arrays[name], channel_axis, -1).reshape(2, 2) for name in ("y", "dx")}
    assert channels_last["y"].tolist() == [[8.5, 3.0]] * 2
    assert channels_last["dx"].tolist() == [[2.0, 2.0]] * 2
    assert outcome.arrays["dgamma"].tolist() == [4, 4]
    assert outcome.arrays["dbeta"].tolist() == [2, 2]
    if api == "keras":
        assert outcome.state["running_mean"].tolist() == [1, 3]
        assert outcome.state["running_var"].tolist() == [3, 0]


@pytest.mark.parametrize(("gamma", "beta"), [(True, False), (False, True), (False, False)])
@pytest.mark.parametrize("api", APIS)
def test_normalization_without_parameters(api: str, gamma: bool, beta: bool) -> None:
    case = batch_norm(np.array([[1, 5], [2, 7], [4, 6], [5, 2]], "float32"), 1, 0.125, training=True)
    whole = replace(case, gamma=np.ones(2, "float32"), beta=np.zeros(2, "float32"))
    partial = replace(whole, gamma=whole.gamma if gamma else None, beta=whole.beta if beta else None)
    answered, expected = ask(api, partial), ask(api, whole)
    assert set(answered.arrays) == {"y", "dx"} | ({"dgamma"} if gamma else set()) | ({"dbeta"} if beta else set())
    for name, array in answered.arrays.items():
        np.testing.assert_array_equal(array, expected.arrays[name])


def test_layer_norm_over_two_axes() -> None:
    """Each sample has mean 3 and variance 2.5; epsilon 1.5 makes the root 2; the gain meets the right element."""
    x = np.array([[[1, 2], [4, 5]], [[5, 4], [2, 1]]], "float32")
    gain, bias = np.array([[2, 4], [8, 16]], "float32"), np.array([[0, 1], [2, 3]], "float32")
    dy = np.zeros_like(x)
    dy[0, 0, 1] = 1
    outcome = ask("keras", LayerNorm(x=x, gain=gain, bias=bias, eps=1.5, normalized_rank=2, dy=dy))
    assert outcome.arrays["y"].tolist() == [[[-2, -1], [6, 19]], [[2, 3], [-2, -13]]]
    assert outcome.arrays["dgain"].tolist() == [[0, -0.5], [0, 0]]
    assert outcome.arrays["dbias"].tolist() == [[0, 1], [0, 0]]
    without = ask("keras", LayerNorm(x=x, gain=gain, bias=None, eps=1.5, normalized_rank=2, training=False, dy=dy))
    assert set(without.arrays) == {"y", "dx", "dgain"}
    np.testing.assert_array_equal(without.arrays["y"], outcome.arrays["y"] - bias)


@pytest.mark.parametrize("api", APIS)
def test_dense_stores_weights_as_the_case_does(api: str) -> None:
    x, weight = np.array([[1, 2, 3]], "float32"), np.array([[1, 0, -1], [2, 2, 2]], "float32")
    case = Dense(x=x, weight=weight, bias=np.array([1, 4], "float32"), activation="relu")
    outcome = ask(api, replace(case, dy=np.array([[10, 1]], "float32")))
    assert outcome.arrays["y"].tolist() == [[0, 16]]
    assert outcome.arrays["dx"].tolist() == [[2, 2, 2]]
    assert outcome.arrays["dweight"].tolist() == [[0, 0, 0], [1, 2, 3]]
    assert outcome.arrays["dbias"].tolist() == [0, 1]
    linear = ask(api, replace(case, activation=None, bias=None, dy=np.array([[10, 1]], "float32")))
    assert linear.arrays["y"].tolist() == [[-2, 12]]
    assert set(linear.arrays) == {"y", "dx", "dweight"}


# x = -2, 0.5, 4; the digits are those of float32
LITERALS: dict[str, tuple[dict[str, float], list[float]]] = {
    "relu": ({}, [0, 0.5, 4]),
    "leaky_relu": ({"negative_slope": 0.25}, [-0.5, 0.5, 4]),
    "relu6": ({}, [0, 0.5, 4]),
    "elu": ({}, [-0.86466472, 0.5, 4]),
    "celu": ({}, [-0.86466472, 0.5, 4]),
    "selu": ({}, [-1.52016652, 0.52535049, 4.20280395]),
    "gelu": ({}, [-0.04550026, 0.34573123, 3.99987331]),
    "gelu_tanh": ({}, [-0.04540231, 0.34571401, 3.99992978]),
    "silu": ({}, [-0.23840584, 0.31122967, 3.92805516]),
    "mish": ({}, [-0.25250148, 0.37524524, 3.99741250]),
    "sigmoid": ({}, [0.11920292, 0.62245933, 0.98201379]),
    "log_sigmoid": ({}, [-2.12692801, -0.47407698, -0.01814993]),
    "tanh": ({}, [-0.96402758, 0.46211716, 0.99932930]),
    "softplus": ({"beta": 1}, [0.12692801, 0.97407698, 4.01814993]),
    "softsign": ({}, [-0.66666667, 0.33333333, 0.8]),
    "hard_sigmoid": ({}, [0.16666667, 0.58333333, 1]),
    "hard_swish": ({}, [-0.33333333, 0.29166667, 4]),
    "hard_tanh": ({"lower": -1.0, "upper": 1.0}, [-1, 0.5, 1]),
    "softmax": ({"axis": -1}, [0.00240032, 0.02924187, 0.96835781]),
    "log_softmax": ({"axis": -1}, [-6.03215362, -3.53215362, -0.03215362]),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("api", "name"), [(api, name) for api, name in OFFERED if name in LITERALS])
def test_activation_values(api: str, name: str, dtype: str) -> None:
    parameters, expected = LITERALS[name]
    case = Activation(name=name, x=np.array([[-2, 0.5, 4]], dtype), parameters=parameters)
    np.testing.assert_array_almost_equal(ask(api, case).arrays["y"], [expected], decimal=6)


def test_parameters_reach_the_function() -> None:
    x = np.array([[-2, 3], [4, -1]], "float32")
    assert ask("keras", Activation(name="elu", x=x, parameters={"alpha": 2.0})).arrays["y"][0, 0] < -1.5
    assert ask("keras", Activation(name="celu", x=x, parameters={"alpha": 2.0})).arrays["y"][0, 0] < -1.2
    for api in APIS:
        summed = ask(api, Activation(name="softmax", x=x, parameters={"axis": 0})).arrays["y"].sum(axis=0)
        np.testing.assert_array_almost_equal(summed, [1, 1], decimal=6)
        # A case that names no slope asks for 0.01, whatever the framework has for a default.
        assert ask(api, Activation(name="leaky_relu", x=x)).arrays["y"][0, 0] == np.float32(-0.02)
    x = np.array([[8, 6, 0, 0]], "float32")
    gated = ask("keras", Activation(name="glu", x=x, parameters={"axis": -1}))
    assert gated.arrays["y"].tolist() == [[4, 3]]


@pytest.mark.parametrize(("alpha", "dalpha"), [([0.5], [-6.0]), ([0.5, 0.25], [-2.0, -4.0])])
def test_prelu_shared_and_per_channel(alpha: list[float], dalpha: list[float]) -> None:
    x = np.array([[[-2, 3], [-4, 0]]], "float32")
    slope = np.array(alpha, "float32")
    outcome = ask("keras", Activation(name="prelu", x=x, alpha=slope, dy=np.ones_like(x)))
    assert outcome.arrays["y"].tolist() == [[[-2 * alpha[0], 3], [-4 * alpha[-1], 0]]]
    assert outcome.arrays["dalpha"].tolist() == dalpha


# ------------------------------------------------------------------ dropout


@pytest.mark.parametrize("api", APIS)
def test_dropout_by_seed(api: str) -> None:
    ones = np.ones((16, 16), "float32")
    case = Dropout(x=ones, rate=0.75, training=True, seed=11, dy=ones)
    first, second, other = ask(api, case), ask(api, case), ask(api, replace(case, seed=12))
    np.testing.assert_array_equal(first.arrays["y"], second.arrays["y"])
    assert (first.arrays["y"] != other.arrays["y"]).any()
    assert set(np.unique(first.arrays["y"])) == {0, 4}
    np.testing.assert_array_equal(first.arrays["dx"], first.arrays["y"])


@pytest.mark.parametrize("api", APIS)
def test_dropout_that_drops_nothing_or_everything(api: str) -> None:
    x = np.arange(12, dtype="float32").reshape(3, 4)
    case = Dropout(x=x, rate=0.0, training=True, seed=1, dy=np.ones_like(x))
    outcome = ask(api, case)
    np.testing.assert_array_equal(outcome.arrays["y"], x)
    np.testing.assert_array_equal(outcome.arrays["dx"], np.ones_like(x))
    everything = replace(case, rate=1.0)
    if ADAPTER.dialect(api).rate_one == "refused":
        with pytest.raises(ValueError, match="rate"):
            ask(api, everything)
    else:
        outcome = ask(api, everything)
        assert not outcome.arrays["y"].any()
        assert not outcome.arrays["dx"].any()


def test_dropout_in_inference() -> None:
    case = Dropout(
        x=np.arange(12, dtype="float32").reshape(3, 4),
        rate=0.5,
        training=False,
        seed=1,
        dy=np.arange(12, dtype="float32").reshape(3, 4),
    )
    outcome = ask("keras", case)
    np.testing.assert_array_equal(outcome.arrays["y"], case.x)
    np.testing.assert_array_equal(outcome.arrays["dx"], case.dy)
    with pytest.raises(Unsupported, match="training alone"):
        ask("tf.nn", case)
