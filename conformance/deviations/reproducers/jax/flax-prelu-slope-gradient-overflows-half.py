"""PReLU rounds the products that the gradient of its slope sums to float16: infinite each, and NaN together."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen

x = np.array([-6e4, -6e4, -6e4, -6e4], np.float16)
dy = np.array([1.5, 1, -1.5, -0.5], np.float16)
layer = linen.PReLU(param_dtype=jnp.float16)
call = jax.jit(lambda slope: jax.vjp(lambda s: layer.apply({"params": {"negative_slope": s}}, x), slope)[1](dy)[0])
got = float(call(jnp.float16(0.25)))
right = float(np.sum(x.astype(np.float64) * dy))

print("got  ", got)
print("right", right)
sys.exit(int(not abs(got - right) < 100))
