"""An empty batch in training makes the running statistics NaN, for good."""

import sys

import jax.numpy as jnp
import numpy as np
from flax import nnx

layer = nnx.BatchNorm(2, rngs=nnx.Rngs(0))
layer(jnp.zeros((0, 2)))
got = np.asarray(layer.mean.get_value()), np.asarray(layer.var.get_value())

print("got  ", *got)
print("right", "an error, or [0. 0.] [1. 1.] as before")
sys.exit(int(np.isnan(got).any()))
