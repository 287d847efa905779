"""Flax's normalizations take the variance as E[x^2] - E[x]^2: a spread of 1 around 10,000 is lost in float32."""

import sys

import jax.numpy as jnp
import numpy as np
from flax import nnx

x = np.array([10000.0, 10001.0], np.float32)
layer = nnx.LayerNorm(2, epsilon=1e-5, rngs=nnx.Rngs(0))
got = np.asarray(layer(jnp.asarray(x)))
wide = x.astype(np.float64)
right = (wide - wide.mean()) / np.sqrt(wide.var() + 1e-5)

print("got  ", got)
print("right", right)
sys.exit(int(np.abs(got - right).max() > 1e-2))
