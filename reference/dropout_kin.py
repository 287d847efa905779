"""Kin of dropout, given what was drawn: alpha dropout, Gaussian dropout, and dropout of attention weights.

Alpha dropout keeps mean 0 and variance 1, as SELU does: what is dropped becomes SELU's lower limit, -lambda alpha, and
all is scaled and shifted,

    y = a (x where the mask is true, else -lambda alpha) + b
    q = 1 - rate, l = -lambda alpha, a = (q + l^2 q rate)^(-1/2), b = -a rate l
    dx = a dy where the mask is true, else 0

Gaussian dropout multiplies by noise of mean 1 and dropout's own variance,

    y = x (1 + sqrt(rate / (1 - rate)) z), z standard normal;  dx = dy (1 + sqrt(rate / (1 - rate)) z)

Dropout of attention weights, of scores s = q k^T / sqrt(features) [..., queries, n] and a mask of their shape,

    y = W v, W = mask softmax(s) / (1 - rate);  dv = W^T dy

Sources: G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter, "Self-Normalizing Neural Networks", NIPS 2017, section 3;
Srivastava et al., JMLR 15 (2014), section 10 ("multiplicative Gaussian noise"); A. Vaswani et al., "Attention Is All
You Need", NIPS 2017, sections 3.2.1 and 5.4.

Shapes: x, y, dy, dx and mask (bool) all alike; v, y and dy [..., n, features]. Rates from 0 up and below 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from reference.moments import Array
from reference.rectifiers import SELU_ALPHA, SELU_SCALE
from reference.rows import softmax

LOWER = -SELU_SCALE * SELU_ALPHA


def alpha_scale(rate: Any) -> Any:
    """a."""
    return 1.0 / np.sqrt((1.0 - rate) * (1.0 + LOWER**2 * rate))


def alpha(x: Array, mask: Array, rate: Any) -> Array:
    """y of alpha dropout in training."""
    a = alpha_scale(rate)
    y: Array = a * np.where(mask, x, LOWER) - a * rate * LOWER
    return y


def alpha_gradient(dy: Array, mask: Array, rate: Any) -> Array:
    """dx of alpha dropout."""
    return np.where(mask, alpha_scale(rate) * dy, 0.0)


def deviation(rate: Any) -> Any:
    """The standard deviation of the noise of Gaussian dropout."""
    return np.sqrt(rate / (1.0 - rate))


def weights(scores: Array, mask: Array, rate: Any) -> Array:
    """W."""
    return np.where(mask, softmax(scores) / (1.0 - rate), 0.0)
