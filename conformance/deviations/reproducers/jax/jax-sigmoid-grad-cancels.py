"""The derivative of the sigmoid is formed as s (1 - s) from the rounded s: from 16.7 on it is 0 in float32."""

import sys

import jax
import numpy as np

x = 18.0
got = float(jax.grad(jax.nn.sigmoid)(x))
right = np.exp(-x) / (1 + np.exp(-x)) ** 2

print("got  ", got)
print("right", right)
sys.exit(int(abs(got / right - 1) > 1e-3))
