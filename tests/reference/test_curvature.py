"""Second derivatives and tangents of the activations, proved against the complex step of the gradient and mpmath."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.activations import ACTIVATIONS
from tests.reference.proof import PROOF, WORKING_DIGITS, Array, complex_step, exact, holds, prove
from tests.reference.test_activation_rows import Case, cases, rows
from tests.reference.test_activations import NEAR, elementwise, gradient, parameters, vectors
from tests.reference.truths import ELEMENTWISE

#: Whose second derivative has a zero inside: two terms of the product rule meet there, and cancel in any form.
TURNING = ("gelu", "gelu_tanh", "silu", "mish")


def clear_of(name: str, x: Array) -> Array:
    """The points where the second derivative exists, whatever the parameter, and the forward pass does not round."""
    entry = ACTIVATIONS[name]
    return x[[min(abs(v - point) for point in (0.0, *entry.kinks)) > PROOF for v in x]]


@elementwise
@prove
@given(x=vectors(NEAR), choice=st.integers(0, 2), seed=st.integers(0, 2**32 - 1))
def test_second_derivative_is_the_complex_step_of_the_gradient(name: str, x: Array, choice: int, seed: int) -> None:
    chosen = parameters(name, choice)
    x = clear_of(name, x)
    dy, ddx = np.random.default_rng(seed).standard_normal((2, *x.shape))
    step = complex_step(lambda z: gradient(name, dy, z, **chosen), x, ddx)
    # The complex step of an even gradient cancels around 0: the definition proves what lies there.
    cancels = (*TURNING, "sigmoid", "tanh")
    scale = abs(step) + abs(dy * ddx) * (np.exp(-0.5 * np.square(x)) if name in cancels else 0)
    holds(ACTIVATIONS[name].second(ddx, dy, x, **chosen), step, scale)


@elementwise
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_tails_of_the_second_derivative_have_relative_accuracy(name: str, sign: float) -> None:
    x = sign * np.concatenate([np.geomspace(1e-9, 0.9, 8), np.geomspace(1.7, 700.0, 32)])
    with mpmath.workdps(WORKING_DIGITS):
        given = [mpmath.mpf(value) for value in parameters(name, 0).values()]
        near = mpmath.mpf(10) ** -120
        want = []
        for v in exact(x):
            if name == "gelu":  # mpmath has its derivatives in closed form: phi(v) (2 - v^2)
                want.append(mpmath.npdf(v) * (2 - v**2))
                continue
            below, at, above = (ELEMENTWISE[name](v + side * near, *given) for side in (-1, 0, 1))
            want.append((above - 2 * at + below) / near**2)
        truth = np.array(want, object)
        # Near the zeros of the second derivative, at 1.4 to 3, the terms of the product rule cancel.
        scale = np.array(
            [
                abs(value) + (mpmath.exp(-(v**2)) if name in TURNING and abs(v) < 3 else 0)
                for v, value in zip(x, want, strict=True)
            ],
            object,
        )
        holds(ACTIVATIONS[name].second(np.ones_like(x), np.ones_like(x), x), truth, scale)


@elementwise
@prove
@given(x=vectors(NEAR), choice=st.integers(0, 2), seed=st.integers(0, 2**32 - 1))
def test_tangent_is_the_adjoint_of_the_gradient(name: str, x: Array, choice: int, seed: int) -> None:
    chosen = parameters(name, choice)
    t, dy = np.random.default_rng(seed).standard_normal((2, *x.shape))
    holds(dy * ACTIVATIONS[name].along(t, x, **chosen), t * gradient(name, dy, x, **chosen))


def test_tangent_of_prelu_takes_in_the_slope() -> None:
    rng = np.random.default_rng(11)
    x, t = rng.standard_normal((2, 4, 3))
    alpha, talpha = rng.standard_normal((2, 3))
    prelu = ACTIVATIONS["prelu"]
    moved: Any = prelu.forward(x + 1e-200j * t, alpha=alpha + 1e-200j * talpha)
    holds(prelu.along(t, x, alpha=alpha, talpha=talpha), moved.imag / 1e-200, abs(t) + abs(talpha * x))


@elementwise
@pytest.mark.parametrize("size", [50.0, 1e3, 1e16, 1e160, 1.7e308])
def test_nothing_overflows_and_nothing_is_invalid(name: str, size: float) -> None:
    x = np.array([-size, -0.0, 0.0, size])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert np.isfinite(ACTIVATIONS[name].second(np.ones(4), np.ones(4), x)).all()


def directions(name: str, case: Case) -> tuple[Array, Array, Array]:
    """dy, and ddx and t in the shape of x."""
    random = np.random.default_rng([case.seed, 2])
    ddx, t = random.standard_normal((2, *case.x.shape))
    return case.dy(name), ddx, t


@rows
@prove
@given(case=cases(magnitudes=(1e-3, 1.0)))
def test_second_derivative_of_a_row_is_the_complex_step_of_the_gradient(name: str, case: Case) -> None:
    entry = ACTIVATIONS[name]
    dy, ddx, _ = directions(name, case)
    step = complex_step(lambda z: entry.gradient(dy, z, axis=case.axis), case.x, ddx)
    # Differences from means: relative to the magnitudes that are subtracted.
    scale = abs(step) + abs(dy).max() * abs(ddx).max() * case.x.shape[case.axis]
    holds(entry.second(ddx, dy, case.x, axis=case.axis), step, np.broadcast_to(scale, step.shape))


@rows
@prove
@given(case=cases(magnitudes=(1e-3, 1.0)))
def test_tangent_of_a_row_is_the_complex_step_of_the_forward_pass(name: str, case: Case) -> None:
    entry = ACTIVATIONS[name]
    _, _, t = directions(name, case)
    moved: Any = entry.forward(case.x + 1e-200j * t, axis=case.axis)
    scale = abs(t).max() * max(1.0, float(abs(case.x).max())) * np.ones(moved.shape)
    holds(entry.along(t, case.x, axis=case.axis), moved.imag / 1e-200, scale)
