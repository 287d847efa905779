"""The PyTorch adapter: names, shapes and dtypes of what comes back, batch norm by hand, and what is refused."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapters.base import (
    BRIEF_DROPOUT,
    OPERATIONS,
    Activation,
    BatchNorm,
    Case,
    Dense,
    Dialect,
    Dropout,
    LayerNorm,
    Outcome,
    Subject,
    Unsupported,
)
from adapters.torch import ADAPTER

if importlib.util.find_spec("torch") is None:
    pytest.skip("torch is not installed: python -m pip install torch", allow_module_level=True)

ROOT = Path(__file__).parents[2]
APIS = ("nn", "nn.functional")
every_api = pytest.mark.parametrize("api", APIS)


@pytest.fixture(autouse=True)
def prepared() -> None:
    ADAPTER.prepare("cpu")


def numbers(*shape: int, dtype: Any = "float32") -> Any:
    return np.random.default_rng(7).uniform(0.5, 2.0, shape).astype(dtype)


def ask(api: str, case: Case, dtype: str | None = None) -> Outcome:
    given = dict(case.arrays())
    before = {name: value.copy() for name, value in given.items()}
    outcome = ADAPTER.ask(Subject("torch", api, dtype=dtype or given["x"].dtype.name), case)
    for name, value in before.items():
        np.testing.assert_array_equal(given[name], value, err_msg=f"the case's {name} was changed")
    return outcome


def batch_norm(x: Any, dtype: Any = "float32", **changes: Any) -> BatchNorm:
    channels = x.shape[1]
    chosen: dict[str, Any] = {
        "gamma": np.full(channels, 2, dtype),
        "beta": np.full(channels, 1, dtype),
        "running_mean": np.zeros(channels, dtype),
        "running_var": np.ones(channels, dtype),
        "eps": 1.0,
        "momentum": 0.25,
        "channel_axis": 1,
        "training": True,
        "dy": np.ones(x.shape, dtype),
    }
    return BatchNorm(x=x.astype(dtype), **(chosen | changes))


def one_case(operation: str, dtype: Any) -> tuple[Case, dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
    """A case of the operation, the shapes of its arrays and the shapes of its state."""

    def make(*shape: int) -> Any:
        return numbers(*shape, dtype=dtype)

    if operation == "batch_norm":
        state: dict[str, tuple[int, ...]] = {"x": (4, 3, 2), "gamma": (3,), "beta": (3,)}
        gradients = {f"d{name}": shape for name, shape in state.items()}
        statistics: dict[str, tuple[int, ...]] = {"running_mean": (3,), "running_var": (3,)}
        return batch_norm(make(4, 3, 2), dtype), {"y": (4, 3, 2)} | gradients, state | statistics
    if operation == "layer_norm":
        x, gain = make(4, 3, 2), make(3, 2)
        state = {"x": (4, 3, 2), "gain": (3, 2), "bias": (3, 2)}
        layer = LayerNorm(x=x, gain=gain, bias=gain, eps=1e-5, normalized_rank=2, dy=x)
        return layer, {"y": (4, 3, 2), "dx": (4, 3, 2), "dgain": (3, 2), "dbias": (3, 2)}, state
    if operation == "dropout":
        dropped = Dropout(x=make(5, 4), rate=0.5, training=True, seed=3, dy=make(5, 4))
        return dropped, {"y": (5, 4), "dx": (5, 4)}, {"x": (5, 4)}
    if operation == "dense":
        dense = Dense(x=make(2, 5, 4), weight=make(3, 4), bias=make(3), activation="tanh", dy=make(2, 5, 3))
        state = {"x": (2, 5, 4), "weight": (3, 4), "bias": (3,)}
        return dense, {"y": (2, 5, 3), "dx": (2, 5, 4), "dweight": (3, 4), "dbias": (3,)}, state
    y = (2, 2) if operation == "glu" else (2, 4)
    alpha = make(4) if operation == "prelu" else None
    slope: dict[str, tuple[int, ...]] = {} if alpha is None else {"alpha": (4,)}
    activation = Activation(name=operation, x=make(2, 4), alpha=alpha, dy=make(*y))
    return (
        activation,
        {"y": y, "dx": (2, 4)} | {f"d{name}": shape for name, shape in slope.items()},
        {"x": (2, 4)} | slope,
    )


def dtype_of(name: str) -> Any:
    return pytest.importorskip("ml_dtypes").bfloat16 if name == "bfloat16" else np.dtype(name)


@every_api
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("operation", sorted(OPERATIONS - {"stack"}))
def test_names_shapes_and_dtypes(operation: str, api: str, dtype: str) -> None:
    wanted = dtype_of(dtype)
    case, arrays, state = one_case(operation, wanted)
    outcome = ask(api, case, dtype)
    assert {name: value.shape for name, value in outcome.arrays.items()} == arrays
    assert {name: value.shape for name, value in outcome.state.items()} == state
    for name, value in [*outcome.arrays.items(), *outcome.state.items()]:
        assert value.dtype == wanted, name
        assert np.all(np.isfinite(value.astype("float64"))), name
        assert value.flags.owndata, name
        assert value.flags.writeable, name


@every_api
@pytest.mark.parametrize("operation", sorted(OPERATIONS - {"stack"}))
def test_without_cotangent_no_gradients(operation: str, api: str) -> None:
    case, _, _ = one_case(operation, "float32")
    object.__setattr__(case, "dy", None)
    assert set(ask(api, case).arrays) == {"y"}


@every_api
def test_answers_are_independent_copies(api: str) -> None:
    case = batch_norm(numbers(4, 3))
    first, second = ask(api, case), ask(api, case)
    kept = {name: value.copy() for name, value in second.arrays.items()}
    for value in [*first.arrays.values(), *first.state.values()]:
        value.fill(99)
    for name, value in second.arrays.items():
        np.testing.assert_array_equal(value, kept[name])
    np.testing.assert_array_equal(first.state["x"], np.full((4, 3), 99))
    assert not any(np.shares_memory(given, answer) for _, given in case.arrays() for answer in second.state.values())


@every_api
def test_batch_norm_of_two_points_in_training(api: str) -> None:
    # x = 1, 5: mean 3, variance 4, so the root of 4 + 5 is 3 and the normalized points are -2/3 and 2/3.
    dy = np.array([[1.0], [0.0]])
    outcome = ask(api, batch_norm(np.array([[1.0], [5.0]]), "float64", eps=5.0, dy=dy))
    y, dx = outcome.arrays["y"], outcome.arrays["dx"]
    np.testing.assert_array_almost_equal_nulp(y, np.array([[1 - 4 / 3], [1 + 4 / 3]]), 4)
    # dx = gamma/3 (dy - 1/2 - xhat mean(dy xhat)) = 2/3 (1/2 - 2/9) = 5/27
    np.testing.assert_array_almost_equal_nulp(dx, np.array([[5 / 27], [-5 / 27]]), 8)
    np.testing.assert_array_almost_equal_nulp(outcome.arrays["dgamma"], np.array([-2 / 3]), 4)
    np.testing.assert_array_equal(outcome.arrays["dbeta"], [1.0])
    # 3/4 of the old and 1/4 of the new; the new variance is the unbiased 8.
    np.testing.assert_array_equal(outcome.state["running_mean"], [0.75])
    np.testing.assert_array_equal(outcome.state["running_var"], [2.75])


@every_api
def test_batch_norm_in_inference_uses_and_keeps_the_running_statistics(api: str) -> None:
    mean, var = np.array([1.0]), np.array([3.0])
    case = batch_norm(np.array([[1.0], [5.0]]), "float64", training=False, running_mean=mean, running_var=var)
    outcome = ask(api, case)  # the root of 3 + 1 is 2
    np.testing.assert_array_equal(outcome.arrays["y"], [[1.0], [5.0]])
    np.testing.assert_array_equal(outcome.arrays["dx"], [[1.0], [1.0]])
    np.testing.assert_array_equal(outcome.arrays["dgamma"], [2.0])
    np.testing.assert_array_equal(outcome.arrays["dbeta"], [2.0])
    np.testing.assert_array_equal(outcome.state["running_mean"], [1.0])
    np.testing.assert_array_equal(outcome.state["running_var"], [3.0])


@every_api
@pytest.mark.parametrize("shape", [(4, 2), (4, 2, 3), (3, 2, 2, 2), (2, 2, 2, 1, 3)])
def test_batch_norm_normalizes_each_channel_at_every_rank(api: str, shape: tuple[int, ...]) -> None:
    # Channels of as many 2 as -2 have mean 0 and variance 4, so everything is exact.
    signs = np.where(np.indices(shape).sum(0) % 2 == 0, 1.0, -1.0)
    assert not signs.sum(axis=(0, *range(2, len(shape)))).any()
    case = batch_norm(signs * 2, "float64", eps=12.0, gamma=np.array([2.0, 4.0]), beta=np.array([0.0, 1.0]))
    y = ask(api, case).arrays["y"]  # the root of 4 + 12 is 4
    np.testing.assert_array_equal(y[:, 0], signs[:, 0])
    np.testing.assert_array_equal(y[:, 1], 1 + 2 * signs[:, 1])


@every_api
def test_batch_norm_without_statistics_and_affine(api: str) -> None:
    bare = {"gamma": None, "beta": None, "running_mean": None, "running_var": None}
    outcome = ask(api, batch_norm(np.array([[-1.0], [1.0]]), eps=3.0, **bare))
    np.testing.assert_array_equal(outcome.arrays["y"], np.array([[-0.5], [0.5]], "float32"))
    assert set(outcome.arrays) == {"y", "dx"}
    assert set(outcome.state) == {"x"}


def test_cumulative_momentum_is_a_matter_of_the_module() -> None:
    case = batch_norm(np.array([[1.0], [5.0]]), momentum=None)
    outcome = ask("nn", case)
    np.testing.assert_array_equal(outcome.state["running_mean"], [3.0])
    np.testing.assert_array_equal(outcome.state["running_var"], [8.0])
    with pytest.raises(Unsupported, match="cumulative"):
        ask("nn.functional", case)


@every_api
def test_channels_last_is_offered_where_it_is_the_same(api: str) -> None:
    two = numbers(4, 3)
    first, last = (ask(api, batch_norm(two, channel_axis=axis)) for axis in (1, -1))
    np.testing.assert_array_equal(first.arrays["y"], last.arrays["y"])
    with pytest.raises(Unsupported, match="axis 1, not on axis -1"):
        ask(api, batch_norm(numbers(4, 3, 3), channel_axis=-1))


def test_half_an_affine() -> None:
    x = np.array([[-1.0], [1.0]])
    functional = ask("nn.functional", batch_norm(x, eps=3.0, gamma=None))
    np.testing.assert_array_equal(functional.arrays["y"], np.array([[0.5], [1.5]], "float32"))
    with pytest.raises(Unsupported, match="no beta without gamma"):
        ask("nn", batch_norm(x, gamma=None))
    with pytest.raises(Unsupported, match="together or not at all"):
        ask("nn", batch_norm(x, running_var=None))
    row = np.array([[-1.0, 1.0]])
    with pytest.raises(Unsupported, match="no bias without gain"):
        ask("nn", LayerNorm(x=row, gain=None, bias=np.ones(2), eps=3.0, normalized_rank=1))


@pytest.mark.parametrize("kind", ["BatchNorm1d", "LayerNorm"])
def test_scale_without_shift_where_the_version_has_it(kind: str) -> None:
    import inspect

    from torch import nn

    case: Case = batch_norm(np.array([[-1.0], [1.0]]), "float64", eps=3.0, beta=None, dy=None)
    if kind == "LayerNorm":
        case = LayerNorm(
            x=np.array([[-1.0], [1.0]]).T.copy(), gain=np.array([2.0, 2.0]), bias=None, eps=3.0, normalized_rank=1
        )
    if "bias" in inspect.signature(getattr(nn, kind)).parameters:
        np.testing.assert_array_equal(ask("nn", case).arrays["y"].ravel(), [-1.0, 1.0])
    else:
        with pytest.raises(Unsupported, match="cannot leave out the bias alone"):
            ask("nn", case)


@every_api
def test_wrong_sizes_reach_the_user_as_the_error_of_torch(api: str) -> None:
    with pytest.raises(RuntimeError):
        ask(api, batch_norm(numbers(4, 3), gamma=np.ones(1, "float32")))
    with pytest.raises(RuntimeError):
        ask(api, LayerNorm(x=numbers(2, 3), gain=numbers(2), bias=numbers(2), eps=1e-5, normalized_rank=1))


@every_api
@pytest.mark.parametrize("change", [np.asfortranarray, lambda x: x[::-1], lambda x: x.T.copy().T])
def test_any_layout_of_the_input(api: str, change: Callable[[Any], Any]) -> None:
    x = numbers(4, 4)
    plain = ask(api, Dense(x=change(x).copy(), weight=x, bias=None, dy=x)).arrays
    other = ask(api, Dense(x=change(x), weight=x, bias=None, dy=x)).arrays
    for name, value in plain.items():
        np.testing.assert_array_almost_equal_nulp(other[name], value, 4)
        assert other[name].flags.c_contiguous


@every_api
def test_what_is_not_offered_says_so(api: str) -> None:
    x = numbers(2, 2)
    with pytest.raises(Unsupported, match="relu has no parameter threshold"):
        ask(api, Activation(name="relu", x=x, parameters={"threshold": 1.0}))
    with pytest.raises(Unsupported, match="no activation swiglu"):
        ask(api, Activation(name="swiglu", x=x))
    with pytest.raises(Unsupported, match="the question Attention"):
        ADAPTER.ask(Subject("torch", api), type("Attention", (Case,), {"arrays": lambda self: iter([("x", x)])})())
    for subject in (Subject("torch", "fx"), Subject("torch", api, mode="jit"), Subject("torch", api, device="tpu")):
        with pytest.raises(Unsupported, match="does not offer backend=torch"):
            ADAPTER.ask(subject, Activation(name="relu", x=x))
    with pytest.raises(ValueError, match=r"x is float32, which is not a question to .*dtype=float64"):
        ask(api, Activation(name="relu", x=x), "float64")


def test_prepare_refuses_what_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    assert torch.get_num_threads() == 1
    assert not torch.backends.cuda.matmul.allow_tf32
    assert not torch.backends.cudnn.allow_tf32
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(Unsupported, match="finds no CUDA device here"):
        ADAPTER.prepare("cuda")
    with pytest.raises(Unsupported, match="not mps"):
        ADAPTER.prepare("mps")


def test_declarations() -> None:
    assert ADAPTER.missing() is None
    assert set(ADAPTER.versions()) == {"torch"}
    assert {subject.api for subject in ADAPTER.subjects()} == {*APIS, "torch", "torch.native"}
    for api in ADAPTER.apis:
        random = {"dropped_special": "nan", "own_masks": ("compile", "vmap")}
        assert ADAPTER.dialect(api) == Dialect("new", "n-1", "zeros", channel_axes=(1,), **random)  # type: ignore[arg-type]
    assert ADAPTER.apis["nn"] == OPERATIONS | {"alpha_dropout"}
    assert ADAPTER.apis["nn.functional"] == OPERATIONS - {"stack"} | {"alpha_dropout", "attention_dropout"}
    asked = {(subject.api, subject.mode) for subject in ADAPTER.subjects()}
    assert asked == {(api, mode) for api in ADAPTER.apis for mode in ADAPTER.modes_of(api)}
    assert ADAPTER.compiles == {"compile": "graph"}
    for subject in ADAPTER.subjects():
        if (subject.dtype not in ("float32", "float64") and subject.api.startswith("torch")) or (
            subject.dtype != "float32" and subject.mode != "eager"
        ):
            assert ADAPTER.offers(subject) == {BRIEF_DROPOUT if subject.mode == "compile" else "dropout"}
            continue
        lanes = {"alpha_dropout", "attention_dropout"} if subject.mode == "vmap" else set()
        assert ADAPTER.offers(subject) == ADAPTER.apis[subject.api] - lanes


def test_importing_the_adapter_does_not_import_torch() -> None:
    look = "import sys, adapters.torch as a; list(a.ADAPTER.subjects()); a.ADAPTER.missing(); a.ADAPTER.versions()"
    done = subprocess.run(
        [sys.executable, "-c", look + "; print('torch' in sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
