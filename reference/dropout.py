"""Dropout, given the mask.

    y = x / (1 - rate) where the mask is true (kept), else 0
    dx = dy / (1 - rate) where the mask is true, else 0

With a mask whose elements are kept with probability 1 - rate the expectation of y is x; in inference y = x. A rate of
1 keeps nothing: zeros, whatever the mask and the input say. What is dropped is 0 even where it was infinite or NaN.

Source: N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, "Dropout: A Simple Way to Prevent
Neural Networks from Overfitting", JMLR 15 (2014), section 10, "inverted": the scale is applied in training.

Shapes: x, y, dy, dx and mask (bool) all alike; ``rate``, the probability of dropping, from 0 to 1.
"""

from __future__ import annotations

import numpy as np

from reference.moments import Array


def forward(x: Array, mask: Array, rate: float) -> Array:
    """y in training."""
    kept = 1.0 - rate
    # np.where evaluates both branches: where nothing is kept the quotient still needs a divisor.
    y = np.where(mask, x / np.where(kept == 0.0, 1.0, kept), 0.0)
    return np.where(kept == 0.0, 0.0, y)


def gradient(dy: Array, mask: Array, rate: float) -> Array:
    """dx in training, with the forward pass's own mask."""
    return forward(dy, mask, rate)
