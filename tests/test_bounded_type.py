"""The array type itself: what it takes and refuses, its constants and formats, and that its value is plain NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.bounded import FORMATS, Arithmetic, Bounded, largest
from reference import batch_norm, layer_norm
from reference.activations import ACTIVATIONS

#: NumPy as these tests use it: its stubs promise plain arrays, and it answers with bounded ones.
np: Any = numpy
FLOAT32 = Arithmetic.of("float32")
X = Bounded.input(np.asarray([[1.0, -2.0, 3.5], [0.25, 0.0, -1.5]]), FLOAT32)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (np.sort, "numpy.sort"),
        (np.var, "numpy.var"),
        (np.linalg.norm, "numpy.linalg.norm"),
        (lambda x: np.einsum("ij->j", x), "numpy.einsum"),
        (np.isnan, "numpy.isnan"),
        (np.sin, "numpy.sin"),
        (lambda x: np.arctan2(x, x), "numpy.arctan2"),
        (np.add.reduce, "numpy.add.reduce"),
        (lambda x: np.add(x, x, out=np.zeros((2, 3))), "numpy.add with out="),
        (lambda x: np.add(x, x, where=np.ones((2, 3), bool)), "numpy.add with where="),
        (lambda x: x**0.5, "integers"),
        (lambda x: x**x, "integers"),
        (lambda x: 2.0**x, "numpy.power"),
        (lambda x: x**100, "integers"),
        (lambda x: x * 1j, "complex"),
        (lambda x: x * np.asarray(["a"]), "real numbers"),
        (np.asarray, "plain array"),
        (lambda x: np.zeros(6) + np.array(x), "plain array"),
        (bool, "truth value"),
        (lambda x: x + Bounded.input(1.0, Arithmetic.of("float64")), "different arithmetic"),
        (lambda x: np.sum(x, dtype=np.float32), "dtype"),
        (lambda x: np.sum(x, where=np.ones((2, 3), bool)), "where"),
    ],
)
def test_what_it_does_not_know_is_a_type_error_that_names_it(call: Callable[[Bounded], object], named: str) -> None:
    with pytest.raises(TypeError, match=named.replace(".", r"\.")):
        call(X)


def test_adding_in_place_is_refused() -> None:
    x = X
    with pytest.raises(TypeError, match="x = x \\+ y"):
        x += 1.0


def test_an_unknown_dtype_is_a_value_error_that_lists_the_formats() -> None:
    with pytest.raises(ValueError, match="float16, bfloat16, float32, float64"):
        Arithmetic.of("int8")


@pytest.mark.parametrize("name", FORMATS)
def test_the_formats_are_those_of_the_dtypes(name: str) -> None:
    finfo: Any = ml_dtypes.finfo
    info = finfo(ml_dtypes.bfloat16 if name == "bfloat16" else name)
    kept = FORMATS[name]
    assert kept.roundoff == float(info.eps) / 2
    assert kept.tiny == float(info.smallest_normal)
    assert kept.largest == float(info.max) == largest(name)


def test_what_dtypes_are_computed_in() -> None:
    assert {name: Arithmetic.of(name).dtype for name in FORMATS} == {
        "float16": "float32",
        "bfloat16": "float32",
        "float32": "float32",
        "float64": "float64",
    }
    assert {name: Arithmetic.of(name, native=True).dtype for name in FORMATS} == {name: name for name in FORMATS}


@pytest.mark.parametrize("name", FORMATS)
@given(number=st.floats(-1e4, 1e4) | st.floats(-1e4, 1e4, width=16) | st.integers(-5000, 5000))
def test_a_constant_that_the_dtype_has_is_exact_and_any_other_is_rounded(name: str, number: float) -> None:
    arithmetic = Arithmetic.of(name, native=True)
    dtype = np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)
    with np.errstate(under="ignore", over="ignore"):
        rounded = float(np.asarray(number, np.float64).astype(dtype).astype(np.float64))
        expected = 0.0 if rounded == number else arithmetic.roundoff * abs(number)
        if 0 < abs(number) < arithmetic.tiny:
            expected = arithmetic.tiny
        if abs(number) > arithmetic.largest:
            expected = np.inf
        for value in (number, np.float64(number), np.asarray([number])):
            kept, error = arithmetic.constant(value)
            assert np.all(kept == number)
            assert np.all(error == expected)


def test_constants_meet_bounded_arrays_on_either_side() -> None:
    exact, rounded = Bounded.exact(3.0, FLOAT32), 0.1
    assert (exact * 2).error == (2.0 * exact).error == (np.asarray(2.0) * exact).error
    assert (exact * rounded).error > (exact * 0.125).error
    assert np.isinf((exact + np.nan).error)
    assert np.isinf((exact + 1e39).error)
    assert np.maximum(exact, -np.inf).error == 0.0
    assert np.concatenate([X, np.full((1, 3), 0.1)]).error[2, 0] == FLOAT32.roundoff * 0.1


def test_inputs_carry_two_roundings_and_what_flushing_does() -> None:
    tiny, unit = FLOAT32.tiny, FLOAT32.roundoff
    found = Bounded.input([0.0, -0.0, 1.0, -3.0, tiny / 2, tiny], FLOAT32)
    assert found.error.tolist() == [0.0, 0.0, 2 * unit, 6 * unit, tiny * (1 + unit), 2 * unit * tiny]
    assert Bounded.exact([0.0, 3.0, tiny / 2], FLOAT32).error.tolist() == [0.0, 0.0, tiny]
    assert np.signbit(found.value[1])


@pytest.mark.parametrize("name", FORMATS)
def test_the_tolerance_adds_the_rounding_and_flushing_of_the_output(name: str) -> None:
    x = Bounded(np.asarray([2.0, -2.0, np.nan, 1.0]), np.asarray([0.0, 0.5, np.inf, np.inf]), FLOAT32)
    kept = FORMATS[name]
    expected = [2.0 * kept.roundoff + kept.tiny, 0.5 + 2.5 * kept.roundoff + kept.tiny, np.inf, np.inf]
    np.testing.assert_allclose(x.tolerance(name), expected, rtol=1e-12)


def test_elements_move_with_their_errors() -> None:
    moves: list[Callable[[Any], Any]] = [
        lambda x: x.T,
        lambda x: x[0],
        lambda x: x[:, None, 1:],
        lambda x: x[..., np.asarray([2, 0])],
        lambda x: x.reshape(3, 2),
        lambda x: x.reshape((-1,)),
        lambda x: np.reshape(x, (3, 2)),
        lambda x: np.transpose(x, (1, 0)),
        lambda x: np.moveaxis(x, 0, -1),
        lambda x: np.swapaxes(x, 0, 1),
        lambda x: np.expand_dims(x, 1),
        lambda x: np.squeeze(x[:1]),
        lambda x: np.broadcast_to(x, (4, 2, 3)),
        lambda x: np.concatenate([x, x], axis=1),
        lambda x: np.stack([x, x[::-1]]),
        lambda x: np.split(x, 3, axis=1)[2],
        lambda x: np.ravel(x),
        lambda x: np.flip(x, 0),
        lambda x: list(x)[1],
    ]
    for move in moves:
        found = move(X)
        assert np.array_equal(found.value, move(X.value))
        assert np.array_equal(found.error, move(X.error))
    assert (X.shape, X.ndim, X.size, X.dtype, len(X)) == ((2, 3), 2, 6, np.float64, 2)
    assert (np.shape(X), np.ndim(X), np.size(X)) == ((2, 3), 2, 6)
    assert X.sum().value == 1.25
    assert X.mean(axis=0, keepdims=True).shape == (1, 3)
    assert np.ones_like(X).value.tolist() == [[1.0] * 3] * 2
    assert not np.any(np.ones_like(X).error + np.zeros_like(X).error + np.zeros_like(X).value)


@pytest.mark.parametrize("layout", ["C", "F", "strided"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_value_is_that_of_plain_float64_to_the_bit(dtype: str, layout: str) -> None:
    rng = np.random.default_rng(11)
    arithmetic = Arithmetic.of(dtype)

    def drawn(*shape: int) -> Any:
        plain = rng.normal(3.0, 2.0, size=shape).astype(dtype).astype(np.float64)
        if layout == "strided":
            return np.repeat(plain, 2, axis=-1)[..., ::2]
        return np.asarray(plain, order="F" if layout == "F" else "C")

    def same(function: Callable[..., Any], *arrays: Any, **options: Any) -> None:
        plain = function(*arrays, **options)
        found = function(*(Bounded.input(array, arithmetic) for array in arrays), **options)
        for one, other in zip(*(item if isinstance(item, tuple) else (item,) for item in (plain, found)), strict=True):
            assert np.asarray(one).tobytes() == other.value.tobytes()

    x, dy, gain = drawn(5, 6, 7), drawn(5, 6, 7), drawn(6)
    same(lambda x, g, b: batch_norm.train(x, g, b, 1e-5, 1), x, gain, drawn(6))
    same(lambda dy, x, g: batch_norm.train_grad(dy, x, g, 1e-5, 1), dy, x, gain)
    same(lambda dy, x, g: layer_norm.gradient(dy, x, g, 1e-5, (1,)), dy, x, gain)
    same(lambda x: (x**2, x**3, x**-1, x**1, x**0, x**-2, np.power(x, 3), np.square(x), x @ x.T), x[0])
    same(lambda x: (np.clip(x, -1.0, 2.0), np.max(x, axis=0), np.min(x), np.abs(x), -x, 2.0 - x), x)
    for entry in ACTIVATIONS.values():
        wide = 5.0 * drawn(4, 6)
        same(entry.forward, wide, **entry.parameters)
        same(entry.gradient, drawn(*entry.forward(wide, **entry.parameters).shape), wide, **entry.parameters)
