"""The activations of single numbers, proved: value and gradient against mpmath and the complex step, tails, kinks."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.activations import ACTIVATIONS
from tests.reference.proof import DIGITS, PROOF, STEP, WORKING_DIGITS, Array, complex_step, error, exact, holds, prove
from tests.reference.truths import ELEMENTWISE, ROWS

#: The one parameter of those that have one, with values of it besides the default.
VARIED = {
    "leaky_relu": ("negative_slope", (0.01, 0.2, 0.0)),
    "prelu": ("alpha", (0.25, -1.5, 0.0)),
    "elu": ("alpha", (1.0, 0.3, 1.7)),
    "celu": ("alpha", (1.0, 0.3, 1.7)),
    "softplus": ("beta", (1.0, 0.3, 7.0)),
}
#: Whose derivative has a zero, because a rising factor meets a falling one: phi(x) = x gate(x), phi' = gate + x gate'.
DIPPING = ("gelu", "gelu_tanh", "silu", "mish")
#: At each kink the side whose derivative is written, as the docstrings state it: -1 left, +1 right.
SIDES = {
    "relu": {0.0: -1},
    "leaky_relu": {0.0: -1},
    "prelu": {0.0: -1},
    "relu6": {0.0: -1, 6.0: +1},
    "selu": {0.0: -1},
    "hard_sigmoid": {-3.0: -1, 3.0: +1},
    "hard_swish": {-3.0: -1, 3.0: +1},
    "hard_tanh": {-1.0: -1, 1.0: +1},
}
NEAR = st.floats(-8.0, 8.0)
TAILS = st.floats(8.0, 700.0) | st.floats(-700.0, -8.0)
SMALL = st.builds(lambda sign, power: sign * 10.0**power, st.sampled_from([-1.0, 1.0]), st.floats(-290.0, -1.0))
#: Beside the kinks, and at the zero of hard_swish's derivative.
SPECIAL = st.sampled_from(
    [sign * math.nextafter(k, k + d) for k in (1, 3, 6, 1.5) for d in (-1, 1) for sign in (-1, 1)]
)

elementwise = pytest.mark.parametrize("name", ELEMENTWISE)


def vectors(points: st.SearchStrategy[float]) -> st.SearchStrategy[Array]:
    return st.lists(points, min_size=1, max_size=4).map(lambda values: np.array(values))


def parameters(name: str, choice: int) -> dict[str, float]:
    if name not in VARIED:
        return {}
    parameter, values = VARIED[name]
    return {parameter: values[choice]}


def gradient(name: str, dy: Array, x: Array, **given: float) -> Array:
    """dx; the second gradient of prelu has a test of its own."""
    found: Any = ACTIVATIONS[name].gradient(dy, x, **given)
    return found[0] if name == "prelu" else found


def derivative(name: str, x: Any, *parameter: Any) -> Any:
    """phi'(x) of the definition."""
    if name == "gelu":
        # mpmath's erfc of a complex number takes seconds at so many digits; of a real one it has relative accuracy.
        with mpmath.workdps(DIGITS):
            return mpmath.diff(ELEMENTWISE[name], x)
    return ELEMENTWISE[name](mpmath.mpc(x, STEP), *parameter).imag / STEP


def scale(name: str, x: Any, value: Any, slope: Any, dipping: tuple[str, ...] = DIPPING) -> Any:
    """What the error of phi'(x) is relative to: phi'(x) itself, in the tails too.

    But around the zero of a dipping function's derivative the two terms of the product rule cancel, whatever their
    form: there it is relative to one of them, the gate phi(x)/x.
    """
    return abs(slope) + (abs(value / x) if name in dipping and -4 < x < 0 else 0)


def test_the_table_is_complete() -> None:
    assert set(ACTIVATIONS) == set(ELEMENTWISE) | set(ROWS)
    for name, entry in ACTIVATIONS.items():
        assert entry.name == name
        assert entry.formula
        assert entry.source
        assert "\n" not in entry.formula
        if name in ELEMENTWISE:
            assert dict(entry.parameters) == parameters(name, 0)


@elementwise
@prove
@given(x=vectors(NEAR | TAILS | SMALL | SPECIAL), choice=st.integers(0, 2))
def test_value_is_the_definition(name: str, x: Array, choice: int) -> None:
    chosen = parameters(name, choice)
    with mpmath.workdps(WORKING_DIGITS):
        want = [ELEMENTWISE[name](v, *map(mpmath.mpf, chosen.values())) for v in exact(x)]
        holds(ACTIVATIONS[name].forward(x, **chosen), np.array(want, object))


@elementwise
@prove
@given(x=vectors(NEAR | TAILS | SMALL | SPECIAL), choice=st.integers(0, 2), dy=st.floats(-1e3, 1e3))
def test_gradient_is_the_derivative_of_the_definition(name: str, x: Array, choice: int, dy: float) -> None:
    chosen = parameters(name, choice)
    x = x[~np.isin(x, [0.0, *ACTIVATIONS[name].kinks])]
    with mpmath.workdps(WORKING_DIGITS):
        given = [mpmath.mpf(value) for value in chosen.values()]
        values = [ELEMENTWISE[name](v, *given) for v in exact(x)]
        slopes = [derivative(name, v, *given) for v in exact(x)]
        sizes = [scale(name, *known) * abs(dy) for known in zip(exact(x), values, slopes, strict=True)]
        want = np.array([dy * slope for slope in slopes], object)
        holds(gradient(name, np.full(x.shape, dy), x, **chosen), want, np.array(sizes, object))


@elementwise
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_the_tails_have_relative_accuracy_as_far_as_float64_reaches(name: str, sign: float) -> None:
    """Closely enough for the normal tail, which ends at 38, and that of gelu_tanh, which ends near 21."""
    x = sign * np.geomspace(8.0, 745.0, 48)
    with mpmath.workdps(WORKING_DIGITS):
        given = [mpmath.mpf(value) for value in parameters(name, 0).values()]
        want = [[ELEMENTWISE[name](v, *given), derivative(name, v, *given)] for v in exact(x)]
        values, slopes = np.array(want, object).T
        holds(ACTIVATIONS[name].forward(x), values)
        holds(gradient(name, np.ones_like(x), x), slopes)


@elementwise
@prove
@given(x=vectors(NEAR | SPECIAL), choice=st.integers(0, 2), seed=st.integers(0, 2**32 - 1))
def test_gradient_is_the_complex_step_of_the_forward_pass(name: str, x: Array, choice: int, seed: int) -> None:
    chosen = parameters(name, choice)
    entry = ACTIVATIONS[name]
    # Zero is a kink of some for other parameters than the default, and close to a kink the forward pass may round to it
    # (x + 3 = 6 for the last x before 3): the definition's derivative proves what lies there.
    x = x[[min(abs(v - kink) for kink in (0.0, *entry.kinks)) > PROOF for v in x]]
    dy = np.random.default_rng(seed).standard_normal(x.shape)
    step = complex_step(lambda z: entry.forward(z, **chosen), x, dy)
    known = zip(x, entry.forward(x, **chosen), step / dy, strict=True)
    # The complex forward pass of hard_swish rounds around the zero of its derivative, though the gradient does not.
    sizes = np.array([scale(name, *values, dipping=(*DIPPING, "hard_swish")) for values in known])
    holds(gradient(name, dy, x, **chosen), step, np.abs(dy) * sizes)


@elementwise
def test_kinks_are_where_the_one_sided_derivatives_differ(name: str) -> None:
    near = mpmath.mpf(10) ** -DIGITS
    default = [mpmath.mpf(value) for value in parameters(name, 0).values()]
    with mpmath.workdps(WORKING_DIGITS):
        for point in (-6.0, -3.0, -1.5, -1.0, 0.0, 1.0, 3.0, 6.0):
            x = mpmath.mpf(point)
            left, right = (derivative(name, x + side * near, *default) for side in (-1, +1))
            # A continuous derivative differs by its own slope times the distance: 1e-50 or so.
            assert (error(left, right, np.asarray(1.0)) > PROOF) == (point in ACTIVATIONS[name].kinks), (
                point,
                left,
                right,
            )


@pytest.mark.parametrize("name", SIDES)
def test_gradient_at_a_kink_is_the_stated_one_sided_derivative(name: str) -> None:
    entry = ACTIVATIONS[name]
    assert tuple(SIDES[name]) == entry.kinks
    default = [mpmath.mpf(value) for value in parameters(name, 0).values()]
    near = mpmath.mpf(10) ** -DIGITS
    for kink, side in SIDES[name].items():
        got = gradient(name, np.array([2.0]), np.array([kink]))
        # NumPy orders complex numbers by their real, then by their imaginary parts: the sign of the step is the side.
        step = entry.forward(np.array([complex(kink, side * STEP)])).imag / (side * STEP)
        holds(got, 2.0 * step)
        with mpmath.workdps(WORKING_DIGITS):
            limit = derivative(name, mpmath.mpf(kink) + side * near, *default)
            holds(got, np.array([2 * limit], object), np.array([1 + abs(limit)], object))


@pytest.mark.parametrize("name", ["elu", "celu"])
@pytest.mark.parametrize("alpha", [0.3, 1.0, 1.7])
def test_exponential_linear_units_at_zero_take_the_left_derivative(name: str, alpha: float) -> None:
    found = gradient(name, np.array([2.0, 2.0]), np.array([0.0, -0.0]), alpha=alpha)
    holds(found, np.full(2, 2.0 * (alpha if name == "elu" else 1.0)))


@elementwise
@pytest.mark.parametrize("size", [50.0, 1e3, 1e16, 1e160, 1.7e308])
def test_nothing_overflows_and_nothing_is_invalid(name: str, size: float) -> None:
    x = np.array([-size, -0.0, 0.0, size])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert np.isfinite(ACTIVATIONS[name].forward(x)).all()
        assert np.isfinite(gradient(name, np.ones(4), x)).all()


@elementwise
def test_no_number_in_no_number_out(name: str) -> None:
    y = ACTIVATIONS[name].forward(np.array([np.nan, 1.0]))
    assert np.isnan(y[0])
    assert np.isfinite(y[1])


@elementwise
def test_the_cotangent_scales_the_gradient_element_by_element(name: str) -> None:
    x, dy = np.random.default_rng(6).standard_normal((2, 2, 3, 4))
    got = gradient(name, dy, x)
    assert got.shape == x.shape
    holds(got, dy * gradient(name, np.ones_like(x), x))


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 4), (2, 3, 2, 2), (0, 3)])
@pytest.mark.parametrize("shared", [True, False])
def test_prelu_has_one_slope_or_one_a_channel(shape: tuple[int, ...], shared: bool) -> None:
    rng = np.random.default_rng(7)
    x, dy = rng.standard_normal((2, *shape))
    alpha = rng.standard_normal(1 if shared or len(shape) == 1 else shape[1])
    prelu = ACTIVATIONS["prelu"]
    want = np.array([v if v > 0 else alpha[i[1] if alpha.size > 1 else 0] * v for i, v in np.ndenumerate(x)])
    np.testing.assert_array_equal(prelu.forward(x, alpha=alpha), want.reshape(shape))
    dx, dalpha = prelu.gradient(dy, x, alpha=alpha)
    holds(dx, complex_step(lambda z: prelu.forward(z, alpha=alpha), x, dy))
    assert dalpha.shape == alpha.shape
    terms = np.abs(dy * np.minimum(x, 0.0)).sum()
    holds(dalpha, complex_step(lambda a: prelu.forward(x, alpha=a), alpha, dy), np.full(alpha.shape, terms))
