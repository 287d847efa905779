"""Forward mode of silu far to the left is 0 where the derivative times the tangent is a normal number."""

import sys

import jax
import jax.numpy as jnp
import numpy as np

x, t = jnp.float32(-85.0), jnp.float32(0.03)
got = float(jax.jvp(jax.nn.silu, (x,), (t,))[1])
right = float(float(t) * np.exp(-85.0) * (1 - 85.0))

print("got  ", got)
print("right", right)
sys.exit(int(abs(got - right) > 1e-3 * abs(right)))
