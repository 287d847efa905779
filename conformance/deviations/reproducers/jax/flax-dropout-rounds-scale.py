"""Dropout divides by 1 - p rounded to the dtype of x: the mean of the output is off by more than one rounding."""

import sys

import jax.numpy as jnp
import numpy as np
from flax import nnx

x = jnp.linspace(1, 2, 100_000).astype(jnp.bfloat16)
y = nnx.Dropout(0.3, rngs=nnx.Rngs(dropout=0))(x)
kept = np.asarray(y) != 0
got = float((np.asarray(y)[kept].astype(np.float64) / np.asarray(x)[kept].astype(np.float64)).mean())
right = 1 / 0.7

print("got  ", got, "the mean scale of what is kept")
print("right", right)
sys.exit(int(abs(got / right - 1) > 5e-4))
