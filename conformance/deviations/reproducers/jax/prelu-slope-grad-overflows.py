"""The gradient of PReLU's slope adds float16 products: two that overflow with different signs give NaN for their 0."""

import math
import sys

import jax
import jax.numpy as jnp
from flax import linen

x, dy = jnp.array([-40000.0, -40000.0], jnp.float16), jnp.array([2.0, -2.0], jnp.float16)
parameters = {"params": {"negative_slope": jnp.float16(0.25)}}
layer = linen.PReLU(param_dtype=jnp.float16)
_, pullback = jax.vjp(lambda p: layer.apply(p, x), parameters)
got = float(pullback(dy)[0]["params"]["negative_slope"])
right = sum(float(a) * float(b) for a, b in zip(x, dy, strict=True))
print(f"got   {got}")
print(f"right {right}")
sys.exit(0 if math.isclose(got, right, abs_tol=1.0) else 1)
