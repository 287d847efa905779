"""A dense layer of no inputs, whose output is its bias, ends in a bare ZeroDivisionError of the initializer."""

import sys

import jax.numpy as jnp
from flax import linen

parameters = {"kernel": jnp.zeros((0, 2)), "bias": jnp.array([1.0, 2.0])}
try:
    got = linen.Dense(2).apply({"params": parameters}, jnp.zeros((1, 0)))
except ZeroDivisionError as error:
    got = repr(error)

print("got  ", got)
print("right", "[[1. 2.]], or an error that says what is wrong")
sys.exit(int("ZeroDivisionError" in str(got)))
