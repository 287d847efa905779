"""nnx.LayerNorm rounds its float32 scale and bias to dtype before it computes in float32."""

import sys

import jax.numpy as jnp
import numpy as np
from flax import linen, nnx

x = jnp.array([[1.0, -1.0]], jnp.float16)
scale = jnp.array([1000.3, 1000.3])
layer = nnx.LayerNorm(2, epsilon=7 / 9, use_bias=False, dtype=jnp.float16, rngs=nnx.Rngs(0))
layer.scale[...] = scale
got = np.asarray(layer(x))
right = np.asarray(linen.LayerNorm(7 / 9, use_bias=False, dtype=jnp.float16).apply({"params": {"scale": scale}}, x))

print("got  ", got)
print("right", right, "as flax.linen says: 750.225, rounded once")
sys.exit(int(not np.array_equal(got, right)))
