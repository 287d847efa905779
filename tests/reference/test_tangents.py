"""The tangents of batch norm, layer norm and neurons, proved: the complex step of the forward pass in a direction."""

from __future__ import annotations

import numpy as np
import pytest

from reference import batch_norm, layer_norm, neuron
from tests.reference.proof import STEP, Array, holds

EPS = 1e-3
random = np.random.default_rng(17)


def moved(value: Array, direction: Array | None) -> Array:
    return value if direction is None else value + 1j * STEP * direction


def close(found: Array, stepped: Array) -> None:
    """Relative to the largest: each element is a sum over the whole statistic."""
    want = stepped.imag / STEP
    holds(found, want, np.full(want.shape, abs(want).max()))


@pytest.mark.parametrize("learnt", [True, False])
@pytest.mark.parametrize(("shape", "axis"), [((5, 3), 1), ((4, 3, 2, 2), 1), ((4, 2, 3), -1)])
def test_batch_norm(shape: tuple[int, ...], axis: int, learnt: bool) -> None:
    x, t = random.standard_normal((2, *shape))
    gamma, beta, mean = random.standard_normal((3, 3))
    tgamma, tbeta = random.standard_normal((2, 3)) if learnt else (None, None)
    stepped, *_ = batch_norm.train(moved(x, t), moved(gamma, tgamma), moved(beta, tbeta), EPS, axis)
    close(batch_norm.train_tangent(t, tgamma, tbeta, x, gamma, EPS, axis), stepped)
    var = np.square(mean) + 0.1
    stepped = batch_norm.inference(moved(x, t), moved(gamma, tgamma), moved(beta, tbeta), mean, var, EPS, axis)
    close(batch_norm.inference_tangent(t, tgamma, tbeta, x, gamma, mean, var, EPS, axis), stepped)


@pytest.mark.parametrize("learnt", [True, False])
@pytest.mark.parametrize("axes", [(-1,), (1, 2), (0, 2)])
def test_layer_norm(axes: tuple[int, ...], learnt: bool) -> None:
    x, t = random.standard_normal((2, 2, 3, 4))
    shape = [x.shape[axis] for axis in sorted(axis % 3 for axis in axes)]
    gain, bias, *learning = random.standard_normal((4, *shape))
    tgain, tbias = learning if learnt else (None, None)
    stepped = layer_norm.forward(moved(x, t), moved(gain, tgain), moved(bias, tbias), EPS, axes)
    close(layer_norm.tangent(t, tgain, tbias, x, gain, EPS, axes), stepped)
    stepped = layer_norm.forward(moved(x, t), None, None, EPS, axes)
    close(layer_norm.tangent(t, None, None, x, None, EPS, axes), stepped)


@pytest.mark.parametrize("learnt", [True, False])
@pytest.mark.parametrize("activation", [None, "relu", "tanh", "sigmoid"])
def test_neuron(activation: str | None, learnt: bool) -> None:
    x, t = random.standard_normal((2, 2, 5, 3))
    weight, tweight = random.standard_normal((2, 4, 3))
    bias, tbias = random.standard_normal((2, 4))
    directions = (tweight, tbias) if learnt else (None, None)
    stepped = neuron.forward(moved(x, t), moved(weight, directions[0]), moved(bias, directions[1]), activation)
    close(neuron.tangent(t, *directions, x, weight, bias, activation), stepped)
