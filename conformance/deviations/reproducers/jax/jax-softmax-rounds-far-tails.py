"""softmax rounds the difference from the maximum to 16 bits before it takes its exponential."""

import sys

import jax
import jax.numpy as jnp
import numpy as np

x = jnp.array([76.5, 0.23], jnp.bfloat16)
got = float(jax.nn.softmax(x)[1])
right = float(np.exp(np.float64(x[1]) - np.float64(x[0])))

print("got  ", got)
print("right", right)
sys.exit(int(abs(got / right - 1) > 2**-6))
