"""A batch norm behind a dense layer loses the variance of outputs with a large mean: E[x^2] - E[x]^2 by default."""

import sys

import jax.numpy as jnp
import numpy as np
from flax import linen

layers = linen.Sequential([linen.Dense(1), linen.BatchNorm(use_running_average=False)])
variables = {
    "params": {
        "layers_0": {"kernel": jnp.ones((1, 1)), "bias": jnp.full(1, 9999.0)},
        "layers_1": {"scale": jnp.ones(1), "bias": jnp.zeros(1)},
    },
    "batch_stats": {"layers_1": {"mean": jnp.zeros(1), "var": jnp.ones(1)}},
}
y, _ = layers.apply(variables, jnp.array([[1.0], [2.0], [3.0]]), mutable=["batch_stats"])
got, right = np.asarray(y)[:, 0], np.array([-1.0, 0.0, 1.0]) / np.sqrt(2 / 3 + 1e-5)
print(f"got   {got}")
print(f"right {right}")
sys.exit(1 if np.abs(got - right).max() > 1e-3 else 0)
