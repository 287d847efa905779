"""linen.Dense of a scalar ends in an IndexError that says nothing of what is wrong."""

import sys

import jax.numpy as jnp
from flax import linen

parameters = {"kernel": jnp.zeros((1, 2)), "bias": jnp.zeros(2)}
try:
    got = linen.Dense(2).apply({"params": parameters}, jnp.float32(1))
except Exception as error:
    got = error

print("got  ", repr(got))
print("right", "an error that speaks of the rank of x")
sys.exit(int(isinstance(got, IndexError)))
