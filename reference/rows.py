"""Activations of a whole row: softmax, its logarithm, and the gated linear unit.

``axis``: along which the rows lie. Shapes: all alike, but that glu halves the axis, so its y and dy are half as long
as x. The sources of the formulas stand in :mod:`reference.activations`.
"""

from __future__ import annotations

import numpy as np

from reference.moments import Array
from reference.smooth import sigmoid, sigmoid_grad


def softmax(x: Array, axis: int = -1) -> Array:
    """exp(x_i) / sum_j exp(x_j), each x shifted by the row's maximum, which changes nothing but the range."""
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    y: Array = e / np.sum(e, axis=axis, keepdims=True)
    return y


def softmax_grad(dy: Array, x: Array, axis: int = -1) -> Array:
    """y_i (dy_i - sum_j y_j dy_j)."""
    y = softmax(x, axis)
    dx: Array = y * (dy - np.sum(y * dy, axis=axis, keepdims=True))
    return dx


def log_softmax(x: Array, axis: int = -1) -> Array:
    """x_i - log(sum_j exp(x_j)), each x shifted by the row's maximum."""
    shifted = x - np.max(x, axis=axis, keepdims=True)
    y: Array = shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))
    return y


def log_softmax_grad(dy: Array, x: Array, axis: int = -1) -> Array:
    """dy_i - softmax(x)_i sum_j dy_j."""
    dx: Array = dy - softmax(x, axis) * np.sum(dy, axis=axis, keepdims=True)
    return dx


def glu(x: Array, axis: int = -1) -> Array:
    """a sigmoid(b), a the first half of x along the axis and b the second; ValueError where the axis has no halves."""
    a, b = np.split(x, 2, axis=axis)
    return a * sigmoid(b)


def glu_grad(dy: Array, x: Array, axis: int = -1) -> Array:
    """(dy sigmoid(b), dy a sigmoid'(b)), one after the other along the axis."""
    a, b = np.split(x, 2, axis=axis)
    return np.concatenate([dy * sigmoid(b), dy * sigmoid_grad(a, b)], axis=axis)
