"""nnx.BatchNorm with dtype and param_dtype float64 keeps its running statistics in float32."""

import sys

import jax
import jax.numpy as jnp
from flax import nnx

jax.config.update("jax_enable_x64", True)
norm = nnx.BatchNorm(1, momentum=0.0, dtype=jnp.float64, param_dtype=jnp.float64, rngs=nnx.Rngs(0))
norm(jnp.array([[0.1], [0.4]], jnp.float64))
got, right = norm.mean[...], 0.25
print(f"got   {float(got[0])!r} ({got.dtype})")
print(f"right {right!r} (float64)")
sys.exit(1 if got.dtype != jnp.float64 else 0)
