"""The gradient of PReLU's slope is NaN as soon as one x is +inf, though the slope multiplies negative x alone."""

import math
import sys

import jax
import jax.numpy as jnp
from flax import linen

x = jnp.array([math.inf, 1.0, -1.0])
parameters = {"params": {"negative_slope": jnp.float32(0.25)}}
gradient = jax.grad(lambda p: linen.PReLU().apply(p, x).sum())(parameters)
got, right = float(gradient["params"]["negative_slope"]), -1.0
print(f"got   {got}")
print(f"right {right}")
sys.exit(0 if got == right else 1)
