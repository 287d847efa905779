"""jax.nn.standardize rounds E[x^2] and E[x]^2 to 16 bits before it subtracts them: nothing is left of the variance."""

import sys

import jax
import jax.numpy as jnp
import numpy as np

x = np.array([300.0, 302.0, 303.0])
got = np.asarray(jax.nn.standardize(jnp.asarray(x, jnp.bfloat16))).astype(np.float64)
held = np.asarray(jnp.asarray(x, jnp.bfloat16)).astype(np.float64)
right = (held - held.mean()) / np.sqrt(held.var() + 1e-5)

print("got  ", got)
print("right", right)
sys.exit(int(np.abs(got - right).max() > 0.1))
