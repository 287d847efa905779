"""Layer normalization.

Over the n values that one sample has along ``axes``:

    mean = (1/n) sum x          var = (1/n) sum (x - mean)^2
    xhat = (x - mean) / sqrt(var + eps)
    y = gain xhat + bias

With g = gain dy the gradients are

    dx = (g - mean(g) - xhat mean(g xhat)) / sqrt(var + eps)
    dgain = sum dy xhat         dbias = sum dy         (sums over all axes that are not normalized)

In a direction t of x, with directions tgain and tbias of the parameters, the tangent of y is

    ty = gain (c - xhat mean(c xhat)) / sqrt(var + eps) + tgain xhat + tbias, c = t - mean(t)

A second time, of <dx, ddx> with a cotangent ddx of dx: with respect to dy it is ty in the direction ddx of x alone,
with respect to x what :func:`reference.moments.second` says.

Source: J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer Normalization", 2016 (arXiv:1607.06450), equations 3 and 4, with
the epsilon of batch normalization inside the root; training and inference are one.

Shapes: x, y, dy, dx of any rank; gain, bias, dgain, dbias of shape [x.shape[a] for a in axes in increasing order].
``gain`` and ``bias`` may be None: then they are 1 and 0. ``eps`` > 0 has the unit of var. ``axes`` may be negative
and in any order.
"""

from __future__ import annotations

import numpy as np

from reference.moments import Array, Moments, spread, two_pass
from reference.moments import second as curvature


def forward(
    x: Array,
    gain: Array | None,
    bias: Array | None,
    eps: float,
    axes: tuple[int, ...],
    moments: Moments = two_pass,
) -> Array:
    """y, of the shape of x."""
    axes = _normalized(x, axes)
    mean, var = moments(x, axes)
    y = (x - mean) / np.sqrt(var + eps)
    if gain is not None:
        y = y * spread(gain, np.shape(x), axes)
    return y if bias is None else y + spread(bias, np.shape(x), axes)


def gradient(
    dy: Array,
    x: Array,
    gain: Array | None,
    eps: float,
    axes: tuple[int, ...],
    moments: Moments = two_pass,
) -> tuple[Array, Array, Array]:
    """(dx, dgain, dbias); the last two also where there is no gain or bias to learn."""
    axes = _normalized(x, axes)
    mean, var = moments(x, axes)
    deviation = np.sqrt(var + eps)
    xhat = (x - mean) / deviation
    g = dy if gain is None else dy * spread(gain, np.shape(x), axes)
    through_mean = np.mean(g, axis=axes, keepdims=True)
    through_var = xhat * np.mean(g * xhat, axis=axes, keepdims=True)
    dx = (g - through_mean - through_var) / deviation
    samples = tuple(axis for axis in range(np.ndim(x)) if axis not in axes)
    return dx, np.sum(dy * xhat, axis=samples), np.sum(dy, axis=samples)


def tangent(
    t: Array,
    tgain: Array | None,
    tbias: Array | None,
    x: Array,
    gain: Array | None,
    eps: float,
    axes: tuple[int, ...],
    moments: Moments = two_pass,
) -> Array:
    """ty, of the shape of x; tgain, tbias: as gain and bias, None for 0."""
    axes = _normalized(x, axes)
    mean, var = moments(x, axes)
    deviation = np.sqrt(var + eps)
    xhat = (x - mean) / deviation
    centred = t - np.mean(t, axis=axes, keepdims=True)
    ty: Array = (centred - xhat * np.mean(centred * xhat, axis=axes, keepdims=True)) / deviation
    if gain is not None:
        ty = ty * spread(gain, np.shape(x), axes)
    if tgain is not None:
        ty = ty + xhat * spread(tgain, np.shape(x), axes)
    if tbias is not None:
        ty = ty + spread(tbias, np.shape(x), axes)
    return ty


def second(
    ddx: Array,
    dy: Array,
    x: Array,
    gain: Array | None,
    eps: float,
    axes: tuple[int, ...],
    moments: Moments = two_pass,
) -> tuple[Array, Array]:
    """(dxx, dxy): the gradient of <dx, ddx> with respect to x and to dy."""
    axes = _normalized(x, axes)
    g = dy if gain is None else dy * spread(gain, np.shape(x), axes)
    dxx = curvature(ddx, g, x, eps, axes, moments)
    return dxx, tangent(ddx, None, None, x, gain, eps, axes, moments)


def _normalized(x: Array, axes: tuple[int, ...]) -> tuple[int, ...]:
    """The axes, counted from the first."""
    return tuple(axis % np.ndim(x) for axis in axes)
