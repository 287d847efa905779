"""BatchNorm takes an axis below -rank, and then normalizes all channels by one mean and variance."""

import sys
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx

x = jnp.array([[1.0, 100.0], [3.0, 300.0]])
layer = nnx.BatchNorm(2, axis=-3, rngs=nnx.Rngs(0))
got: Any
try:
    got = np.asarray(layer(x)), np.asarray(layer.mean.get_value())
except Exception as error:
    got = repr(error)

print("got  ", got)
print("right", "an error: x has no axis -3")
sys.exit(int(not isinstance(got, str)))
