"""nnx.Linear does not look at the size of its bias: one number is spread over three neurons."""

import sys

import jax.numpy as jnp
from flax import nnx

graph, state = nnx.split(nnx.Linear(2, 3, rngs=nnx.Rngs(0)))
layer = nnx.merge(graph, {**nnx.to_pure_dict(state), "bias": jnp.array([5.0])})
try:
    got = layer(jnp.zeros((1, 2)))
except Exception as error:
    got = error

print("got  ", got)
print("right", "an error: one bias for three neurons")
sys.exit(int(not isinstance(got, Exception)))
