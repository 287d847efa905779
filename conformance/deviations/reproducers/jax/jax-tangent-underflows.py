"""Forward mode of silu far to the left is 0 where the derivative times the tangent is a normal number."""

import sys

import jax
import jax.numpy as jnp
import numpy as np

x, t = jnp.float32(-85.0), jnp.float32(0.03)
got = np.float64(jax.jvp(jax.nn.silu, (x,), (t,))[1])
s = np.exp(-85.0)
right = float(t) * s * (1.0 - 85.0)
print(f"got   {got!r}\nright {right!r}")
sys.exit(abs(got - right) > 1e-3 * abs(right))
