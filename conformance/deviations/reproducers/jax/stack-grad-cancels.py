"""The gradient of a bias before a tanh is formed as (1 + t)(1 - t) from the rounded t: two digits are left at 6."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen

layers = linen.Sequential([linen.Dense(1), jnp.tanh])
parameters = {"params": {"layers_0": {"kernel": jnp.ones((1, 1)), "bias": jnp.full(1, 6.0)}}}
gradient = jax.grad(lambda p: layers.apply(p, jnp.zeros((1, 1))).sum())(parameters)
got = float(gradient["params"]["layers_0"]["bias"][0])
right = float(1 / np.cosh(6.0) ** 2)
print(f"got   db = {got!r}")
print(f"right db = {right!r}")
sys.exit(1 if abs(got - right) > 1e-5 * right else 0)
