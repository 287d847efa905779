"""Dropout does not look at its rate: -0.5 scales by 0.667, 1.5 and NaN give zeros."""

import sys

import jax.numpy as jnp
import numpy as np
from flax import nnx

accepted = {}
for rate in (-0.5, 1.5, float("nan")):
    try:
        accepted[rate] = np.asarray(nnx.Dropout(rate, rngs=nnx.Rngs(dropout=0))(jnp.ones(4)))
    except ValueError:
        continue

print("got  ", accepted)
print("right", "an error for each")
sys.exit(int(bool(accepted)))
