"""The TensorFlow adapter traced and compiled: traces that are kept, mixed precision, derivatives of other kinds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="tensorflow not installed")
pytest.importorskip("keras", reason="keras not installed")

from adapters.base import MIXED, Activation, Case, Dropout, Outcome, Subject, Unsupported, dtype_of
from adapters.tensorflow import ADAPTER
from tests.adapters.test_tensorflow import activation, batch_norm, every_case, values

COMPILED = ("function", "xla")


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    ADAPTER.prepare("cpu")
    ADAPTER._kept.clear()
    yield
    ADAPTER._kept.clear()


def ask(api: str, mode: str, case: Case, dtype: str | None = None) -> Outcome:
    return ADAPTER.ask(Subject("tensorflow", api, mode, dtype=dtype or dict(case.arrays())["x"].dtype.name), case)


def traces() -> int:
    """How many are kept, besides the layers of eager questions."""
    return sum("mode=eager" not in key for key in ADAPTER._kept)


def close(one: Outcome, other: Outcome, *, but: tuple[str, ...] = ()) -> None:
    """The same answers, to a few roundings; a mask may be another one."""
    assert one.arrays.keys() == other.arrays.keys()
    assert one.state.keys() == other.state.keys()
    for name in {*one.arrays, *one.state} - {*but}:
        pair = [outcome.arrays.get(name, outcome.state.get(name)) for outcome in (one, other)]
        np.testing.assert_allclose(*(np.asarray(each, "float64") for each in pair), rtol=1e-5, atol=1e-6)


def test_subjects() -> None:
    found = {(subject.api, subject.mode, subject.dtype) for subject in ADAPTER.subjects()}
    assert {mode for api, mode, _ in found if api == "keras"} == {"eager", *COMPILED}
    assert {mode for api, mode, _ in found if api == "keras.ops"} == {"eager"}
    assert {dtype for api, _, dtype in found if api == "tf.nn.fused"} == {"float32", *MIXED}
    assert not {dtype for api, _, dtype in found if api == "tf.nn"} & {*MIXED}
    assert {mode: ADAPTER.compiles[mode] for mode in COMPILED} == dict.fromkeys(COMPILED, "configuration")


@pytest.mark.parametrize("mode", COMPILED)
@pytest.mark.parametrize("api", ["keras", "tf.nn"])
@pytest.mark.parametrize("operation", ["batch_norm", "layer_norm", "dense", "prelu", "glu", "dropout"])
def test_a_trace_answers_as_eager_code(api: str, mode: str, operation: str) -> None:
    if operation not in ADAPTER.apis[api]:
        pytest.skip("not offered")
    case = every_case("float32")[operation]
    close(ask(api, mode, case), ask(api, "eager", case), but=("y", "dx") if operation == "dropout" else ())


@pytest.mark.parametrize("mode", COMPILED)
@pytest.mark.parametrize(("api", "training"), [("keras", True), ("keras", False), ("tf.nn.fused", True)])
def test_a_trace_is_kept_and_forgets_the_last_case(api: str, mode: str, training: bool) -> None:
    first = batch_norm(2, 3, 4, training=training)
    other = replace(first, x=first.x * 2, gamma=first.gamma - 1, running_mean=first.running_mean + 1)  # type: ignore
    ask(api, mode, first)
    close(ask(api, mode, other), ask(api, "eager", other))
    close(ask(api, mode, first), ask(api, "eager", first))
    assert traces() == 1


def test_one_trace_takes_any_number_of_samples_unless_it_is_odd() -> None:
    for samples in (2, 4, 6, 3, 5):
        case = batch_norm(samples, 3, samples)
        close(ask("keras", "function", case), ask("keras", "eager", case))
    assert traces() == 3


@pytest.mark.parametrize("number", ["eps", "momentum"])
def test_numbers_are_part_of_a_trace(number: str) -> None:
    case = batch_norm(2, 3, 4)
    for value in (0.25, 0.5, float("nan"), float("nan")):
        ask("keras", "function", replace(case, **{number: value}))  # type: ignore[arg-type]
    assert traces() == 3


@pytest.mark.parametrize("mode", ["eager", *COMPILED])
@pytest.mark.parametrize("api", ["keras", "tf.nn"])
def test_seeds(api: str, mode: str) -> None:
    case = Dropout(x=np.ones((8, 16), "float32"), rate=0.5, training=True, seed=7)
    masks = [ask(api, mode, each).arrays["y"] for each in (case, case, replace(case, seed=8), replace(case, call=2))]
    if api == "keras" or mode != "xla":  # XLA has no seeds for tf.nn.dropout
        assert np.array_equal(masks[0], masks[1])
        assert not np.array_equal(masks[0], masks[2])
    assert not np.array_equal(masks[0], masks[3])


@pytest.mark.parametrize("mode", ["eager", *COMPILED])
@pytest.mark.parametrize("api", ["keras", "tf.nn.fused"])
@pytest.mark.parametrize("dtype", sorted(MIXED))
def test_mixed_precision(api: str, mode: str, dtype: str) -> None:
    case, stored = batch_norm(2, 3, 4), dtype_of(MIXED[dtype])
    case = replace(case, x=case.x.astype(stored), dy=case.dy.astype(stored))  # type: ignore[union-attr]
    outcome = ask(api, mode, case, dtype)
    assert {name: each.dtype.name for name, each in outcome.arrays.items()} == {
        "y": MIXED[dtype], "dx": MIXED[dtype], "dgamma": "float32", "dbeta": "float32"
    }  # fmt: skip
    assert outcome.state["running_var"].dtype.name == "float32"


# ------------------------------------------------------------------ derivatives of other kinds


def directed(case: Any) -> Case:
    """The case with a direction for x and every parameter."""
    names = [name for name, _ in case.arrays() if name not in ("dy", "running_mean", "running_var")]
    return replace(
        case, tangents={name: values(*getattr(case, name).shape, dtype="float64", start=0.5) for name in names}
    )


@pytest.mark.parametrize("mode", ["eager", *COMPILED])
@pytest.mark.parametrize("operation", ["batch_norm", "layer_norm", "dense", "prelu", "tanh"])
def test_forward_mode(mode: str, operation: str) -> None:
    """<ty, dy> is what the gradients give for the same direction."""
    case: Any = directed(every_case("float64")[operation])
    outcome = ask("keras", mode, case)
    along = sum(np.sum(outcome.arrays[f"d{name}"] * tangent) for name, tangent in case.tangents.items())
    np.testing.assert_allclose(np.sum(outcome.arrays["ty"] * case.dy), along, rtol=1e-12)


@pytest.mark.parametrize("mode", ["eager", *COMPILED])
@pytest.mark.parametrize("api", ["keras", "keras.ops", "tf.nn"])
def test_second_derivative(api: str, mode: str) -> None:
    if mode not in ADAPTER.modes_of(api):
        pytest.skip("not offered")
    x = values(2, 4, dtype="float64")
    case = Activation(name="tanh", x=x, dy=np.ones_like(x), ddx=np.ones_like(x))
    outcome, slope = ask(api, mode, case), 1 - np.tanh(x) ** 2
    np.testing.assert_allclose(outcome.arrays["dxx"], -2 * np.tanh(x) * slope, rtol=1e-12)
    np.testing.assert_allclose(outcome.arrays["dxy"], slope, rtol=1e-12)


def test_a_kernel_without_another_derivative_says_so() -> None:
    with pytest.raises(Unsupported, match="SoftsignGrad"):
        ask("keras", "eager", directed(activation("softsign", "float64")))


# ------------------------------------------------------------------ the fused kernel


@pytest.mark.parametrize("mode", ["eager", *COMPILED])
@pytest.mark.parametrize(
    ("shape", "axis"),
    [((4, 2), 1), ((2, 2, 3), 1), ((2, 3, 2), -1), ((2, 2, 3, 2), 1), ((2, 3, 2, 2), -1), ((2, 2, 1, 3, 2), 1)],
)
def test_the_fused_batch_norm(shape: tuple[int, ...], axis: int, mode: str) -> None:
    """As the layer, but for its own convention of momentum and the divisor n - 1 of the running variance."""
    case = batch_norm(*shape, channel_axis=axis)
    fused, layer = ask("tf.nn.fused", mode, case), ask("keras", "eager", replace(case, momentum=0.25))
    n = case.x.size // shape[axis]
    assert set(fused.state) == {"x", "running_mean", "running_var"}
    for name, array in fused.arrays.items():
        np.testing.assert_allclose(array, layer.arrays[name], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(fused.state["running_mean"], layer.state["running_mean"], rtol=1e-5)
    biased = (layer.state["running_var"] - 0.25 * case.running_var) / 0.75  # type: ignore[operator]
    expected = 0.25 * case.running_var + 0.75 * biased * n / (n - 1)  # type: ignore[operator]
    np.testing.assert_allclose(fused.state["running_var"], expected, rtol=1e-4)


def test_the_fused_batch_norm_behind_a_convolution() -> None:
    case = batch_norm(2, 3, 3, 2, channel_axis=-1, training=False, dy=None)
    one, other = ask("tf.nn.conv_fused", "function", case), ask("tf.nn.fused", "eager", case)
    np.testing.assert_allclose(one.arrays["y"], other.arrays["y"], rtol=1e-5, atol=1e-6)
    assert set(one.state) == {"x"}


def test_what_was_used_longest_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.tensorflow._KEPT", 8)
    cases = [replace(batch_norm(2, 3), eps=10.0**-exponent) for exponent in range(1, 12)]  # type: ignore[type-var]
    for case in cases:
        ask("keras", "eager", case)
        ask("keras", "eager", cases[0])
    assert len(ADAPTER._kept) <= 8
    assert any("eps=0.1," in key for key in ADAPTER._kept)
