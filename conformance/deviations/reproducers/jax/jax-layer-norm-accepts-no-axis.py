"""Layer normalization over no axis normalizes every element by itself: zeros come out, without a word."""

import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

x = jnp.array([[1.0, 2.0, 4.0]])
accepted = []
ways: list[Any] = [
    lambda: jax.nn.standardize(x, axis=()),
    lambda: nnx.LayerNorm(1, reduction_axes=(), feature_axes=(), rngs=nnx.Rngs(0))(x),
]
for normalize in ways:
    try:
        accepted.append(np.asarray(normalize()).tolist())
    except ValueError:
        continue

print("got  ", accepted)
print("right", "an error for both")
sys.exit(int(bool(accepted)))
