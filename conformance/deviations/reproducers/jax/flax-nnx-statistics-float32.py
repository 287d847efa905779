"""nnx.BatchNorm keeps its running statistics in float32, whatever dtype and param_dtype say."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

with jax.enable_x64(True):
    layer = nnx.BatchNorm(1, momentum=0.0, dtype=jnp.float64, param_dtype=jnp.float64, rngs=nnx.Rngs(0))
    layer(jnp.array([[0.1], [0.1]], jnp.float64))
    digits = float(layer.mean.get_value()[0])
    layer(jnp.array([[1e39], [1e39]], jnp.float64))
    large = float(layer.mean.get_value()[0])

print("got  ", digits, large, layer.mean.get_value().dtype)
print("right", 0.1, 1e39, np.dtype("float64"))
sys.exit(int(digits != 0.1 or large != 1e39))
