"""Batch normalization.

In training, for each channel, over the n values of all samples and spatial positions:

    mean = (1/n) sum x          var = (1/n) sum (x - mean)^2
    xhat = (x - mean) / sqrt(var + eps)
    y = gamma xhat + beta

In inference the same with given mean and var, which are then constants. With g = gamma dy the gradients are

    dgamma = sum dy xhat        dbeta = sum dy
    training:   dx = (g - mean(g) - xhat mean(g xhat)) / sqrt(var + eps)
    inference:  dx = g / sqrt(var + eps)

In a direction t of x, with directions tgamma and tbeta of the parameters, the tangent of y is

    ty = gamma that + tgamma xhat + tbeta
    training:   that = (c - xhat mean(c xhat)) / sqrt(var + eps), c = t - mean(t)
    inference:  that = t / sqrt(var + eps)

A second time, of <dx, ddx> with a cotangent ddx of dx: with respect to dy it is ty in the direction ddx of x alone,
and with respect to x, in training (in inference it is 0), with a = g - mean(g) and b = ddx - mean(ddx),

    dxx = -(xhat (mean(a b) - A B) + B (a - xhat A) + A (b - xhat B)) / (var + eps), A = mean(a xhat), B = mean(b xhat)

Source: S. Ioffe, C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate
Shift", ICML 2015 (arXiv:1502.03167), algorithms 1 and 2 and the gradients of section 3, the chain rule contracted.

Shapes: x, y, dy, dx of any rank from 2; every other array [C], C = x.shape[channel_axis]. ``gamma`` and ``beta`` may
be None: then they are 1 and 0. ``eps`` > 0 has the unit of var, that is of x squared. ``moments``: how mean and var
are computed.
"""

from __future__ import annotations

import numpy as np

from reference.moments import Array, Moments, second, spread, two_pass


def train(
    x: Array,
    gamma: Array | None,
    beta: Array | None,
    eps: float,
    channel_axis: int,
    moments: Moments = two_pass,
) -> tuple[Array, Array, Array]:
    """(y, mean, var) with the batch's own statistics; mean, var: [C], var with divisor n."""
    mean, var = moments(x, _reduced(x, channel_axis))
    y = _scale((x - mean) / np.sqrt(var + eps), gamma, channel_axis)
    if beta is not None:
        y = y + _along(beta, x, channel_axis)
    return y, np.reshape(mean, (-1,)), np.reshape(var, (-1,))


def train_grad(
    dy: Array,
    x: Array,
    gamma: Array | None,
    eps: float,
    channel_axis: int,
    moments: Moments = two_pass,
) -> tuple[Array, Array, Array]:
    """(dx, dgamma, dbeta), through the statistics; dgamma and dbeta [C] also where gamma or beta is None."""
    axes = _reduced(x, channel_axis)
    mean, var = moments(x, axes)
    deviation = np.sqrt(var + eps)
    xhat = (x - mean) / deviation
    g = _scale(dy, gamma, channel_axis)
    through_mean = np.mean(g, axis=axes, keepdims=True)
    through_var = xhat * np.mean(g * xhat, axis=axes, keepdims=True)
    dx = (g - through_mean - through_var) / deviation
    return dx, np.sum(dy * xhat, axis=axes), np.sum(dy, axis=axes)


def inference(
    x: Array,
    gamma: Array | None,
    beta: Array | None,
    mean: Array,
    var: Array,
    eps: float,
    channel_axis: int,
) -> Array:
    """y with the given statistics; mean, var: [C]."""
    deviation = np.sqrt(_along(var, x, channel_axis) + eps)
    y = _scale((x - _along(mean, x, channel_axis)) / deviation, gamma, channel_axis)
    return y if beta is None else y + _along(beta, x, channel_axis)


def inference_grad(
    dy: Array,
    x: Array,
    gamma: Array | None,
    mean: Array,
    var: Array,
    eps: float,
    channel_axis: int,
) -> tuple[Array, Array, Array]:
    """(dx, dgamma, dbeta) with the statistics held constant; dgamma and dbeta [C] as in :func:`train_grad`."""
    axes = _reduced(x, channel_axis)
    deviation = np.sqrt(_along(var, x, channel_axis) + eps)
    xhat = (x - _along(mean, x, channel_axis)) / deviation
    dx = _scale(dy, gamma, channel_axis) / deviation
    return dx, np.sum(dy * xhat, axis=axes), np.sum(dy, axis=axes)


def train_tangent(
    t: Array,
    tgamma: Array | None,
    tbeta: Array | None,
    x: Array,
    gamma: Array | None,
    eps: float,
    channel_axis: int,
    moments: Moments = two_pass,
) -> Array:
    """ty, through the statistics; tgamma, tbeta: [C], None for 0."""
    axes = _reduced(x, channel_axis)
    mean, var = moments(x, axes)
    deviation = np.sqrt(var + eps)
    xhat = (x - mean) / deviation
    centred = t - np.mean(t, axis=axes, keepdims=True)
    that = (centred - xhat * np.mean(centred * xhat, axis=axes, keepdims=True)) / deviation
    return _affine_tangent(that, tgamma, tbeta, xhat, gamma, channel_axis)


def inference_tangent(
    t: Array,
    tgamma: Array | None,
    tbeta: Array | None,
    x: Array,
    gamma: Array | None,
    mean: Array,
    var: Array,
    eps: float,
    channel_axis: int,
) -> Array:
    """ty with the statistics held constant; tgamma, tbeta: [C], None for 0."""
    deviation = np.sqrt(_along(var, x, channel_axis) + eps)
    xhat = (x - _along(mean, x, channel_axis)) / deviation
    return _affine_tangent(t / deviation, tgamma, tbeta, xhat, gamma, channel_axis)


def train_second(
    ddx: Array,
    dy: Array,
    x: Array,
    gamma: Array | None,
    eps: float,
    channel_axis: int,
    moments: Moments = two_pass,
) -> tuple[Array, Array]:
    """(dxx, dxy): the gradient of <dx, ddx> with respect to x and to dy, through the statistics."""
    axes = _reduced(x, channel_axis)
    dxx = second(ddx, _scale(dy, gamma, channel_axis), x, eps, axes, moments)
    return dxx, train_tangent(ddx, None, None, x, gamma, eps, channel_axis, moments)


def inference_second(
    ddx: Array,
    x: Array,
    gamma: Array | None,
    mean: Array,
    var: Array,
    eps: float,
    channel_axis: int,
) -> tuple[Array, Array]:
    """(dxx, dxy) with the statistics held constant: dx does not depend on x."""
    flat: Array = np.zeros_like(x)
    return flat, inference_tangent(ddx, None, None, x, gamma, mean, var, eps, channel_axis)


def _affine_tangent(
    that: Array, tgamma: Array | None, tbeta: Array | None, xhat: Array, gamma: Array | None, channel_axis: int
) -> Array:
    ty = _scale(that, gamma, channel_axis)
    if tgamma is not None:
        ty = ty + _scale(xhat, tgamma, channel_axis)
    return ty if tbeta is None else ty + _along(tbeta, xhat, channel_axis)


def running_update(running: Array, batch: Array, weight: float) -> Array:
    """(1 - weight) running + weight batch, all [C]; weight = 1/k in step k gives the cumulative average."""
    return (1.0 - weight) * running + weight * batch


def unbiased(var: Array, n: int) -> Array:
    """The variance with divisor n - 1 from the one with divisor n; ValueError where one value has no such variance."""
    if n < 2:
        raise ValueError(f"a variance with divisor n - 1 needs at least 2 values a channel, not {n}")
    return var * n / (n - 1)


def _reduced(x: Array, channel_axis: int) -> tuple[int, ...]:
    """Every axis but the channels'."""
    return tuple(axis for axis in range(np.ndim(x)) if axis != channel_axis % np.ndim(x))


def _along(parameter: Array, x: Array, channel_axis: int) -> Array:
    """A [C] array laid along the channel axis of x."""
    return spread(parameter, np.shape(x), (channel_axis % np.ndim(x),))


def _scale(x: Array, gamma: Array | None, channel_axis: int) -> Array:
    return x if gamma is None else x * _along(gamma, x, channel_axis)
