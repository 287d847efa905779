"""The PyTorch adapter's other ways in (torch's functions, compiled, vmap) and derivatives of other kinds."""

from __future__ import annotations

import dataclasses
import importlib.util
from typing import Any

import numpy as np
import pytest

from adapters.base import (
    MIXED,
    NORMALIZATION,
    Activation,
    BatchNorm,
    BatchNormSteps,
    Case,
    Dense,
    Dropout,
    DropoutCount,
    LayerNorm,
    Outcome,
    Stack,
    Subject,
    Unsupported,
)
from adapters.torch import ADAPTER

if importlib.util.find_spec("torch") is None:
    pytest.skip("torch is not installed: python -m pip install torch", allow_module_level=True)

#: Every way in whose answers are those of eager modules, but for the mode that costs a compilation.
WAYS = [
    ("nn", "eager"),
    ("nn.functional", "eager"),
    ("nn.functional", "vmap"),
    ("torch", "eager"),
    ("torch.native", "eager"),
]
every_way = pytest.mark.parametrize(("api", "mode"), WAYS)


@pytest.fixture(autouse=True)
def prepared() -> None:
    ADAPTER.prepare("cpu")


def numbers(*shape: int, seed: int = 7, dtype: Any = "float64") -> Any:
    return np.random.default_rng(seed).uniform(-2.0, 2.0, shape).astype(dtype)


def ask(api: str, mode: str, case: Case, dtype: str = "float64") -> Outcome:
    return ADAPTER.ask(Subject("torch", api, mode, "cpu", dtype), case)


CASES: dict[str, Case] = {
    "batch_norm": BatchNorm(
        x=numbers(4, 3, 2), gamma=numbers(3), beta=numbers(3), running_mean=numbers(3), running_var=numbers(3) ** 2,
        eps=1e-3, momentum=0.25, channel_axis=1, training=True, dy=numbers(4, 3, 2, seed=8),
    ),
    "layer_norm": LayerNorm(
        x=numbers(4, 3), gain=numbers(3), bias=numbers(3), eps=1e-3, normalized_rank=1, dy=numbers(4, 3, seed=8)
    ),
    "dense": Dense(x=numbers(4, 3), weight=numbers(2, 3), bias=numbers(2), activation="tanh", dy=numbers(4, 2, seed=8)),
    "prelu": Activation(name="prelu", x=numbers(4, 3), alpha=numbers(3), dy=numbers(4, 3, seed=8)),
    "selu": Activation(name="selu", x=numbers(4, 3), dy=numbers(4, 3, seed=8)),
    "softmax": Activation(name="softmax", x=numbers(4, 3), dy=numbers(4, 3, seed=8)),
}  # fmt: skip


def alike(got: Outcome, want: Outcome) -> None:
    assert got.arrays.keys() == want.arrays.keys()
    assert got.state.keys() == want.state.keys()
    for name, value in [*got.arrays.items(), *got.state.items()]:
        right = {**want.state, **want.arrays}[name]
        assert value.dtype == right.dtype, name
        np.testing.assert_allclose(value, right, 1e-12, 1e-12, err_msg=name)


@every_way
@pytest.mark.parametrize("operation", CASES)
def test_every_way_in_gives_the_same(operation: str, api: str, mode: str) -> None:
    if operation not in ADAPTER.apis[api]:
        pytest.skip(f"{api} has no {operation}")
    case = CASES[operation]
    alike(ask(api, mode, case), ask("nn", "eager", case))


@every_way
def test_inference_with_statistics(api: str, mode: str) -> None:
    case = dataclasses.replace(CASES["batch_norm"], training=False)
    alike(ask(api, mode, case), ask("nn", "eager", case))


@every_way
@pytest.mark.parametrize("operation", CASES)
def test_the_tangent_is_the_derivative_along_it(operation: str, api: str, mode: str) -> None:
    if operation not in ADAPTER.apis[api]:
        pytest.skip(f"{api} has no {operation}")
    case = CASES[operation]
    gradients = ask(api, mode, case).arrays
    along = {name: numbers(*value.shape, seed=9) for name, value in case.arrays() if f"d{name}" in gradients}
    moved = ask(api, mode, dataclasses.replace(case, tangents=along)).arrays
    assert moved.keys() == {"y", "ty"}
    # <ty, dy> = sum of <gradient, tangent>, whichever mode either comes from
    reverse = sum(np.vdot(gradients[f"d{name}"], tangent) for name, tangent in along.items())
    dy: Any = case.dy  # type: ignore[attr-defined]
    np.testing.assert_allclose(np.vdot(moved["ty"], dy), reverse, 1e-10)


@every_way
@pytest.mark.parametrize("operation", sorted(NORMALIZATION | {"softmax", "selu"}))
def test_the_second_derivative_is_that_of_the_gradient(operation: str, api: str, mode: str) -> None:
    if operation not in ADAPTER.apis[api]:
        pytest.skip(f"{api} has no {operation}")
    case, along = CASES[operation], numbers(*CASES[operation].x.shape, seed=9)  # type: ignore[attr-defined]
    twice = ask(api, mode, dataclasses.replace(case, ddx=along)).arrays
    alike(
        Outcome({name: value for name, value in twice.items() if name not in ("dxx", "dxy")}),
        Outcome(ask(api, mode, case).arrays),
    )
    h, dx = 1e-6, []
    for step in (h, -h):
        moved = dataclasses.replace(case, x=case.x + step * along)  # type: ignore[attr-defined]
        dx.append(ask(api, mode, moved).arrays["dx"])
    # The Hessian of <y, dy> is symmetric: <dx, along> differentiated by x is dx differentiated along it.
    np.testing.assert_allclose(twice["dxx"], (dx[0] - dx[1]) / (2 * h), 1e-5, 1e-7)
    tangent = ask(api, mode, dataclasses.replace(case, tangents={"x": along})).arrays["ty"]
    np.testing.assert_allclose(twice["dxy"], tangent, 1e-10, 1e-12)


def test_a_lane_has_a_mask_of_its_own() -> None:
    x = np.ones((50, 20))
    masks = [ask("nn.functional", "vmap", Dropout(x=x, rate=0.5, training=True, seed=seed, dy=x)) for seed in (5, 5, 6)]
    for each in masks:
        np.testing.assert_array_equal(each.arrays["y"], each.arrays["dx"])
        assert set(np.unique(each.arrays["y"])) == {0.0, 2.0}
    np.testing.assert_array_equal(masks[0].arrays["y"], masks[1].arrays["y"])
    assert not np.array_equal(masks[0].arrays["y"], masks[2].arrays["y"])


@pytest.mark.parametrize("api", ["nn", "nn.functional"])
@pytest.mark.parametrize("dtype", sorted(MIXED))
@pytest.mark.parametrize("operation", ["batch_norm", "layer_norm", "dense"])
def test_mixed_precision(operation: str, dtype: str, api: str) -> None:
    stored: Any = pytest.importorskip("ml_dtypes").bfloat16 if dtype == "mixed_bfloat16" else "float16"
    case = CASES[operation]
    held = {name: value.astype(stored if name in ("x", "dy") else "float32") for name, value in case.arrays()}
    case = dataclasses.replace(case, **held)  # type: ignore[arg-type]
    if operation == "dense":
        with pytest.raises(Unsupported, match="x and weight of one dtype"):
            ask(api, "eager", case, dtype)
        return
    outcome = ask(api, "eager", case, dtype)
    for name, value in [*outcome.arrays.items(), *outcome.state.items()]:
        assert value.dtype == (np.dtype(stored) if name in ("x", "y", "dx") else np.float32), name


def test_compiled_modules_answer_as_eager_ones_and_are_kept() -> None:
    from adapters import _torch_compile

    known = _torch_compile.compiled.cache_info().currsize
    for rows in (3, 4, 5):
        x, dy = numbers(rows, 4, dtype="float32"), numbers(rows, 4, seed=8, dtype="float32")
        case = Activation(name="relu", x=x, dy=dy)
        compiled, eager = (ask("nn", mode, case, "float32").arrays for mode in ("compile", "eager"))
        for name, value in eager.items():
            np.testing.assert_array_equal(compiled[name], value)
    assert _torch_compile.compiled.cache_info().currsize == known + 1


@pytest.mark.parametrize("training", [True, False])
def test_a_compiled_stack_answers_every_output(training: bool) -> None:
    shape: tuple[int, int] = (5, 4)
    placeholder = np.zeros(shape, "float32")
    scale, shift, mean = (numbers(4, seed=seed, dtype="float32") for seed in (1, 2, 3))
    norm = BatchNorm(
        x=placeholder, gamma=scale, beta=shift, running_mean=mean, running_var=mean**2, eps=1e-3, momentum=0.5,
        channel_axis=1, training=training,
    )  # fmt: skip
    dense = Dense(x=placeholder, weight=numbers(4, 4, dtype="float32"), bias=shift, activation="tanh")
    x, dy = numbers(*shape, dtype="float32"), numbers(*shape, seed=8, dtype="float32")
    case = Stack(x=x, layers=(dense, norm, Activation(name="relu", x=placeholder)), dy=dy)
    compiled, eager = (ask("nn", mode, case, "float32") for mode in ("compile", "eager"))
    assert set(compiled.arrays) >= {"0.y", "1.y", "2.y", "y", "dx", "0.dweight", "0.dbias", "1.dgamma", "1.dbeta"}
    for found, right in ((compiled.arrays, eager.arrays), (compiled.state, eager.state)):
        assert set(found) == set(right)
        for name, value in right.items():
            np.testing.assert_allclose(found[name], value, rtol=1e-4, atol=1e-5, err_msg=name)
    assert (compiled.state["1.running_mean"] != mean).any() == training


def test_one_graph_serves_all_shapes_of_a_rank() -> None:
    """What the suite's palette of a compiled subject counts on."""
    import torch

    from conformance.cases import GRAPHED

    shapes = [shape for shape in GRAPHED["batch_norm"] if len(shape) == 4]
    assert len(shapes) > 1
    statistics = numbers(shapes[0][1], dtype="float32") ** 2
    torch._dynamo.utils.counters.clear()
    for shape in shapes:
        x = numbers(*shape, dtype="float32")
        case = BatchNorm(
            x=x, gamma=statistics, beta=statistics, running_mean=statistics, running_var=statistics, eps=0.03,
            momentum=0.25, channel_axis=1, training=True, dy=x,
        )  # fmt: skip
        ask("nn", "compile", case, "float32")
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1


def test_a_compiled_layer_keeps_its_state() -> None:
    x, statistics = numbers(3, 2, 3, 2, 2, dtype="float32"), numbers(3, dtype="float32") ** 2
    steps = (("train", 0), ("save", 0), ("train", 1), ("eval", 2), ("load", 0), ("eval", 2), ("reset", 0), ("train", 2))
    case = BatchNormSteps(
        x=x, gamma=statistics, beta=statistics, running_mean=statistics, running_var=statistics, eps=0.03,
        momentum=0.25, channel_axis=1, steps=steps,
    )  # fmt: skip
    compiled, eager = (ask("nn", mode, case, "float32").arrays for mode in ("compile", "eager"))
    for name, value in eager.items():
        np.testing.assert_allclose(compiled[name], value, rtol=1e-5, atol=1e-6, err_msg=name)
    with pytest.raises(Unsupported, match="momentum=None"):
        ask("nn", "compile", dataclasses.replace(case, momentum=None), "float32")


def test_a_compiled_subject_does_not_fall_back_to_eager_code() -> None:
    import torch

    from adapters._torch_compile import compiled

    call = compiled("never compiled")
    with torch.compiler.set_stance("force_eager"), pytest.raises(RuntimeError, match="ran eagerly"):
        call(torch.nn.ReLU(), torch.ones(2))


def test_what_was_compiled_before_does_not_answer() -> None:
    """ReLU6 is a Hardtanh with other numbers, and AOTAutograd's cache would take the graph of one for the other."""
    x = np.array([-3.0, -0.5, 0.5, 3.0, 7.0], "float32")
    for name, right in (("hard_tanh", [-1.0, -0.5, 0.5, 1.0, 1.0]), ("relu6", [0.0, 0.0, 0.5, 3.0, 6.0])):
        case = Activation(name=name, x=x, dy=np.ones_like(x))
        np.testing.assert_array_equal(ask("nn", "compile", case, "float32").arrays["y"], right)


def lanes(**changed: Any) -> Dropout:
    ones = np.ones((4, 32, 33))
    return Dropout(**{"x": ones, "rate": 0.5, "training": True, "seed": 7, "dy": ones, "lanes": True, **changed})


@pytest.mark.parametrize("shared", [(), (0,)])
def test_lanes_draw_each_for_itself_or_together(shared: tuple[int, ...]) -> None:
    found = ask("nn.functional", "vmap", lanes(shared=shared)).arrays
    mask = found["y"] != 0
    assert (mask[0] == mask[1:]).all() == bool(shared)
    assert 0.4 < mask.mean() < 0.6
    np.testing.assert_array_equal(found["dx"], found["y"])


def test_lanes_that_are_not_told_how_to_draw_are_refused() -> None:
    with pytest.raises(RuntimeError, match="randomness"):
        ask("nn.functional", "vmap", lanes(unsaid=True))


def test_layers_of_one_model_are_counted_where_they_are_compiled() -> None:
    case = DropoutCount(x=np.ones((), np.float32), shape=(64, 64), rates=(0.25, 0.75), seed=7)
    kept = ask("nn", "compile", case, "float32").arrays["kept"]
    assert kept.shape == (2,)
    assert 2700 < kept[0] < 3450
    assert 650 < kept[1] < 1400
