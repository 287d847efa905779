"""Layer normalization takes a negative epsilon, and answers NaN where the variance is smaller."""

import sys
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

x = jnp.array([[0.5, -0.5], [3.0, -3.0]])
accepted = []
ways: list[Any] = [
    lambda: jax.nn.standardize(x, epsilon=-1.0),
    lambda: nnx.LayerNorm(2, epsilon=-1.0, rngs=nnx.Rngs(0))(x),
]
for normalize in ways:
    try:
        accepted.append(normalize().tolist())
    except ValueError:
        continue

print("got  ", *accepted, sep="\n  ")
print("right", "an error for both")
sys.exit(int(bool(accepted)))
