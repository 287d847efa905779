"""A dense layer in mixed precision computes in dtype: the gradient of its float32 weights has 16 bits."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen

weight, x = jnp.array([[1.001]]), jnp.array([[3.0]], jnp.bfloat16)
dy = jnp.array([[1.0078125]], jnp.bfloat16)
layer = linen.Dense(1, use_bias=False, dtype=jnp.bfloat16)
y, pullback = jax.vjp(lambda weight: layer.apply({"params": {"kernel": weight}}, x), weight)
got = float(pullback(dy)[0][0, 0])
right = 3.0 * 1.0078125

print("got  ", got, pullback(dy)[0].dtype)
print("right", right)
sys.exit(int(not np.isclose(got, right, rtol=1e-6)))
