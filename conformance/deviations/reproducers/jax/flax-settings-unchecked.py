"""BatchNorm looks neither at epsilon nor at momentum: a negative one gives NaN or a negative running variance."""

import sys

import jax.numpy as jnp
import numpy as np
from flax import nnx

x = jnp.array([[1.0], [1.8]])
accepted = []
for options in ({"epsilon": -1.0}, {"epsilon": float("nan")}, {"momentum": -1.0}, {"momentum": float("nan")}):
    try:
        layer = nnx.BatchNorm(1, **options, rngs=nnx.Rngs(0))
        y = layer(x)
    except ValueError:
        continue
    accepted.append((options, np.asarray(y).ravel(), np.asarray(layer.var.get_value())))

print("got  ", *accepted, sep="\n  ")
print("right", "an error for each")
sys.exit(int(bool(accepted)))
