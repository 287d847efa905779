"""Activations of a whole row: softmax, its logarithm, and the gated linear unit.

Beside value and gradient stand the tangent, J t for a direction t of x, and the second derivative: the gradient of
<dx, ddx> with respect to x. With respect to dy it is J ddx, the tangent in the direction ddx.

``axis``: along which the rows lie. Shapes: all alike, but that glu halves the axis, so its y and dy are half as long
as x. The sources of the formulas stand in :mod:`reference.activations`.
"""

from __future__ import annotations

import numpy as np

from reference import curvature
from reference.moments import Array
from reference.smooth import sigmoid, sigmoid_grad


def softmax(x: Array, axis: int = -1) -> Array:
    """exp(x_i) / sum_j exp(x_j), each x shifted by the row's maximum, which changes nothing but the range."""
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    y: Array = e / np.sum(e, axis=axis, keepdims=True)
    return y


def softmax_grad(dy: Array, x: Array, axis: int = -1) -> Array:
    """y_i dy_i - y_i sum_j y_j dy_j: either product may underflow where their difference does not."""
    y = softmax(x, axis)
    weighed = y * dy
    dx: Array = weighed - y * np.sum(weighed, axis=axis, keepdims=True)
    return dx


def softmax_second(ddx: Array, dy: Array, x: Array, axis: int = -1) -> Array:
    """y_i (a_i b_i - sum_j y_j a_j b_j), a and b being ddx and dy less their means under y: sum_j y_j ddx_j, ..."""
    y = softmax(x, axis)
    a = ddx - np.sum(y * ddx, axis=axis, keepdims=True)
    b = dy - np.sum(y * dy, axis=axis, keepdims=True)
    dxx: Array = y * (a * b - np.sum(y * (a * b), axis=axis, keepdims=True))
    return dxx


def log_softmax(x: Array, axis: int = -1) -> Array:
    """x_i - log(sum_j exp(x_j)), each x shifted by the row's maximum."""
    shifted = x - np.max(x, axis=axis, keepdims=True)
    y: Array = shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))
    return y


def log_softmax_grad(dy: Array, x: Array, axis: int = -1) -> Array:
    """dy_i - softmax(x)_i sum_j dy_j."""
    dx: Array = dy - softmax(x, axis) * np.sum(dy, axis=axis, keepdims=True)
    return dx


def log_softmax_tangent(t: Array, x: Array, axis: int = -1) -> Array:
    """t_i - sum_j softmax(x)_j t_j."""
    dy: Array = t - np.sum(softmax(x, axis) * t, axis=axis, keepdims=True)
    return dy


def log_softmax_second(ddx: Array, dy: Array, x: Array, axis: int = -1) -> Array:
    """-softmax(x)_i (ddx_i - sum_j softmax(x)_j ddx_j) sum_j dy_j."""
    dxx: Array = -softmax_grad(ddx, x, axis) * np.sum(dy, axis=axis, keepdims=True)
    return dxx


def glu(x: Array, axis: int = -1) -> Array:
    """a sigmoid(b), a the first half of x along the axis and b the second; ValueError where the axis has no halves."""
    a, b = np.split(x, 2, axis=axis)
    return a * sigmoid(b)


def glu_grad(dy: Array, x: Array, axis: int = -1) -> Array:
    """(dy sigmoid(b), dy a sigmoid'(b)), one after the other along the axis."""
    a, b = np.split(x, 2, axis=axis)
    return np.concatenate([dy * sigmoid(b), dy * sigmoid_grad(a, b)], axis=axis)


def glu_tangent(t: Array, x: Array, axis: int = -1) -> Array:
    """t_a sigmoid(b) + t_b a sigmoid'(b)."""
    (a, b), (ta, tb) = np.split(x, 2, axis=axis), np.split(t, 2, axis=axis)
    dy: Array = ta * sigmoid(b) + tb * sigmoid_grad(a, b)
    return dy


def glu_second(ddx: Array, dy: Array, x: Array, axis: int = -1) -> Array:
    """(dd_b dy sigmoid'(b), dd_a dy sigmoid'(b) + dd_b dy a sigmoid''(b)), ddx = (dd_a, dd_b)."""
    (a, b), (da, db) = np.split(x, 2, axis=axis), np.split(ddx, 2, axis=axis)
    of_gate = da * sigmoid_grad(dy, b) + db * curvature.sigmoid(a, dy, b)
    return np.concatenate([db * sigmoid_grad(dy, b), of_gate], axis=axis)
