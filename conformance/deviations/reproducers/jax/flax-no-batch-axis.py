"""BatchNorm takes an x of rank 1 for one sample: without a mapped axis training answers the bias alone."""

import sys
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx

layer = nnx.BatchNorm(3, rngs=nnx.Rngs(0))
got: Any
try:
    got = np.asarray(layer(jnp.array([1.0, -2.0, 5.0])))
except Exception as error:
    got = repr(error)

print("got  ", got)
print("right", "an error: there is nothing to normalize over")
sys.exit(int(not isinstance(got, str)))
