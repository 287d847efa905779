"""The second derivatives of batch norm, layer norm and neurons, proved: the complex step of the gradient."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from reference import batch_norm, layer_norm, neuron
from tests.reference.proof import Array, complex_step, holds

EPS = 1e-3
random = np.random.default_rng(23)


def close(found: tuple[Array, Array], dx: Callable[[Array, Array], Array], x: Array, dy: Array, ddx: Array) -> None:
    """Both derivatives of <dx, ddx>, relative to the largest element."""
    dxx = complex_step(lambda moved: dx(dy, moved), x, ddx)
    dxy = complex_step(lambda moved: dx(moved, x), dy, ddx)
    for got, want in zip(found, (dxx, dxy), strict=True):
        holds(got, want, np.full(want.shape, abs(want).max()))


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize(("shape", "axis"), [((5, 3), 1), ((4, 3, 2, 2), 1), ((4, 2, 3), -1)])
def test_batch_norm(shape: tuple[int, ...], axis: int, affine: bool) -> None:
    x, dy, ddx = random.standard_normal((3, *shape))
    mean, var = random.standard_normal(3), np.square(random.standard_normal(3)) + 0.1
    gamma = random.standard_normal(3) if affine else None
    found = batch_norm.train_second(ddx, dy, x, gamma, EPS, axis)
    close(found, lambda dy, x: batch_norm.train_grad(dy, x, gamma, EPS, axis)[0], x, dy, ddx)
    found = batch_norm.inference_second(ddx, x, gamma, mean, var, EPS, axis)
    close(found, lambda dy, x: batch_norm.inference_grad(dy, x, gamma, mean, var, EPS, axis)[0], x, dy, ddx)


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("axes", [(-1,), (1, 2), (0, 2)])
def test_layer_norm(axes: tuple[int, ...], affine: bool) -> None:
    x, dy, ddx = random.standard_normal((3, 2, 3, 4))
    gain = random.standard_normal([x.shape[axis] for axis in sorted(axis % 3 for axis in axes)]) if affine else None
    found = layer_norm.second(ddx, dy, x, gain, EPS, axes)
    close(found, lambda dy, x: layer_norm.gradient(dy, x, gain, EPS, axes)[0], x, dy, ddx)


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("activation", [None, "relu", "tanh", "sigmoid"])
def test_neuron(activation: str | None, biased: bool) -> None:
    x, ddx = random.standard_normal((2, 2, 5, 3))
    dy, weight = random.standard_normal((2, 5, 4)), random.standard_normal((4, 3))
    bias = random.standard_normal(4) if biased else None
    found = neuron.second(ddx, dy, x, weight, bias, activation)
    close(found, lambda dy, x: neuron.gradient(dy, x, weight, bias, activation)[0], x, dy, ddx)
