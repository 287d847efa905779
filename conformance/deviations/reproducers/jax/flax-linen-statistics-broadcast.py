"""linen.BatchNorm spreads statistics of one element over all channels, where scale and bias of one are refused."""

import sys

import jax.numpy as jnp
from flax import linen

layer = linen.BatchNorm(use_running_average=True)
variables = {
    "params": {"scale": jnp.ones(3), "bias": jnp.zeros(3)},
    "batch_stats": {"mean": jnp.zeros(1), "var": jnp.ones(1)},
}
try:
    got = layer.apply(variables, jnp.ones((2, 3)))
except Exception as error:
    got = error

print("got  ", got)
print("right", "an error: one mean for three channels")
sys.exit(int(not isinstance(got, Exception)))
