"""BatchNorm makes and keeps its running statistics in float32 where dtype and param_dtype are 16-bit ones."""

import sys

import jax.numpy as jnp
from flax import nnx

layer = nnx.BatchNorm(2, dtype=jnp.bfloat16, param_dtype=jnp.bfloat16, rngs=nnx.Rngs(0))
layer(jnp.ones((3, 2), jnp.bfloat16))
got = layer.scale.get_value().dtype, layer.mean.get_value().dtype, layer.var.get_value().dtype

print("got  ", *got)
print("right", "bfloat16, where a layer keeps what it was made with")
sys.exit(int(got[1:] != (jnp.bfloat16, jnp.bfloat16)))
