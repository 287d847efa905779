"""A layer of neurons, proved: against the definition in mpmath, and gradients against the complex step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference import neuron
from reference.activations import ACTIVATIONS
from tests.reference.normalization import OFFSETS, draw_data
from tests.reference.proof import DIGITS, Array, complex_step, exact, holds, prove
from tests.reference.truths import ELEMENTWISE

#: A step of 1e-200 must live beside 1.
STEP_DIGITS = DIGITS + 250
activations = pytest.mark.parametrize("activation", [None, "relu", "tanh", "sigmoid"])


@dataclass(frozen=True)
class Case:
    x: Array
    weight: Array
    bias: Array | None
    dy: Array

    @property
    def terms(self) -> Array:
        """|W||x| + |b|: what rounding in z, and in a phi(z) of slope and curvature at most 1, is relative to."""
        terms = np.abs(self.x) @ np.abs(self.weight).T
        return np.asarray(terms if self.bias is None else terms + np.abs(self.bias))

    def scales(self) -> tuple[Array, Array, Array]:
        """Of dx, dweight, dbias: the sums of absolute terms, dz having an error relative to |dy| (1 + terms)."""
        out, features = self.weight.shape
        dz = np.abs(self.dy) * (1.0 + self.terms)
        rows = dz.reshape(-1, out)
        return dz @ np.abs(self.weight), rows.T @ np.abs(self.x).reshape(len(rows), features), rows.sum(axis=0)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    leading = draw(st.lists(st.integers(1, 3), max_size=2))
    features, out = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    seed = draw(st.integers(0, 2**32 - 1))
    x = draw_data(seed, (*leading, features), draw(st.sampled_from(OFFSETS)), draw(st.sampled_from([1e-3, 1.0])))
    rng = np.random.default_rng([seed, 1])
    bias = draw(st.sampled_from([rng.standard_normal(out), None]))
    return Case(x, rng.standard_normal((out, features)), bias, rng.standard_normal((*leading, out)))


def definition(x: Array, weight: Array, bias: Array | None, activation: str | None) -> Array:
    """y_o = phi(sum_i W_oi x_i + b_o) for every row of x, on mpmath numbers."""
    y = np.empty((*x.shape[:-1], len(weight)), object)
    for index in np.ndindex(*x.shape[:-1]):
        for o, weights in enumerate(weight):
            z: Any = sum(w * v for w, v in zip(weights, x[index], strict=True))
            z = z if bias is None else z + bias[o]
            y[(*index, o)] = z if activation is None else ELEMENTWISE[activation](z)
    return y


@activations
@prove
@given(case=cases())
def test_output_is_the_definition(activation: str | None, case: Case) -> None:
    with mpmath.workdps(DIGITS):
        bias = None if case.bias is None else exact(case.bias)
        want = definition(exact(case.x), exact(case.weight), bias, activation)
        holds(neuron.forward(case.x, case.weight, case.bias, activation), want, abs(want) + case.terms)


@activations
@prove
@given(case=cases())
def test_gradient_is_the_derivative_of_the_definition(activation: str | None, case: Case) -> None:
    dx, dweight, dbias = neuron.gradient(case.dy, case.x, case.weight, case.bias, activation)
    with mpmath.workdps(STEP_DIGITS):
        x, w, dy = exact(case.x), exact(case.weight), exact(case.dy)
        b = None if case.bias is None else exact(case.bias)
        scales = case.scales()
        holds(dx, complex_step(lambda v: definition(v, w, b, activation), x, dy), scales[0])
        holds(dweight, complex_step(lambda v: definition(x, v, b, activation), w, dy), scales[1])
        if b is None:
            assert dbias is None
        else:
            assert dbias is not None
            holds(dbias, complex_step(lambda v: definition(x, w, v, activation), b, dy), scales[2])


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS.keys() - {"prelu"}))
def test_gradient_is_the_complex_step_of_the_forward_pass(activation: str) -> None:
    """Every activation, those of whole rows included."""
    rng = np.random.default_rng(9)
    x, weight, bias = rng.standard_normal((2, 3, 5)), rng.standard_normal((4, 5)), rng.standard_normal(4)
    y = neuron.forward(x, weight, bias, activation)
    assert y.shape == ((2, 3, 2) if activation == "glu" else (2, 3, 4))
    dy = rng.standard_normal(y.shape)
    found = neuron.gradient(dy, x, weight, bias, activation)
    for got, step in zip(
        found,
        (
            complex_step(lambda v: neuron.forward(v, weight, bias, activation), x, dy),
            complex_step(lambda v: neuron.forward(x, v, bias, activation), weight, dy),
            complex_step(lambda v: neuron.forward(x, weight, v, activation), bias, dy),
        ),
        strict=True,
    ):
        # Relative to the largest of the gradient: an element of it is a sum of some dozen terms of that size.
        assert got is not None
        holds(got, step, np.full(step.shape, np.abs(step).max()))


@activations
@pytest.mark.parametrize(("leading", "features", "out"), [((2, 3), 0, 4), ((), 0, 2), ((0,), 3, 2), ((2,), 3, 0)])
def test_nothing_to_sum(activation: str | None, leading: tuple[int, ...], features: int, out: int) -> None:
    x, weight, bias = np.ones((*leading, features)), np.ones((out, features)), np.arange(out) + 1.0
    y = neuron.forward(x, weight, bias, activation)
    assert y.shape == (*leading, out)
    if features == 0:
        phi = bias if activation is None else ACTIVATIONS[activation].forward(bias)
        np.testing.assert_array_equal(y, np.broadcast_to(phi, y.shape))
    dx, dweight, dbias = neuron.gradient(np.ones_like(y), x, weight, bias, activation)
    assert dbias is not None
    assert (dx.shape, dweight.shape, dbias.shape) == (x.shape, weight.shape, bias.shape)
    if 0 in (*leading, out):
        assert not dx.any()
        assert not dweight.any()
        assert not dbias.any()


@pytest.mark.parametrize("name", ["prelu", "Relu", "swish", ""])
def test_an_activation_that_it_cannot_take_is_refused(name: str) -> None:
    x, weight = np.ones((2, 3)), np.ones((4, 3))
    with pytest.raises(ValueError, match="these are: celu, elu"):
        neuron.forward(x, weight, None, name)
    with pytest.raises(ValueError, match="these are: celu, elu"):
        neuron.gradient(np.ones((2, 4)), x, weight, None, name)
