"""In inference the gradient of nnx.BatchNorm's scale adds float16 products: two that overflow give NaN for their 0."""

import math
import sys

import jax
import jax.numpy as jnp
from flax import nnx

x, dy = jnp.array([[40000.0], [40000.0]], jnp.float16), jnp.array([[2.0], [-2.0]], jnp.float16)
layer = nnx.BatchNorm(1, use_running_average=True, dtype=jnp.float16, param_dtype=jnp.float16, rngs=nnx.Rngs(0))
graph, parameters, statistics = nnx.split(layer, nnx.Param, ...)
_, pullback = jax.vjp(lambda p: nnx.merge(graph, p, statistics)(x), parameters)
got, right = float(pullback(dy)[0]["scale"].get_value()[0]), 0.0
print(f"got   {got}")
print(f"right {right}")
sys.exit(0 if math.isclose(got, right, abs_tol=1.0) else 1)
