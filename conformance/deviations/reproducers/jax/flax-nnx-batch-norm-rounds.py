"""nnx.BatchNorm rounds its float32 statistics to dtype before it computes: inference runs in 16 bits throughout."""

import sys

import jax.numpy as jnp
import numpy as np
from flax import nnx

wrong = []
for dtype, x, mean, var in (("bfloat16", 302.0, 301.1, 1.0), ("float16", 301.0, 0.0, 1e5)):
    layer = nnx.BatchNorm(1, use_running_average=True, dtype=dtype, rngs=nnx.Rngs(0))
    layer.mean[...], layer.var[...] = jnp.array([mean]), jnp.array([var])
    got = float(layer(jnp.array([[x]], dtype))[0, 0])
    right = (x - mean) / np.sqrt(var + 1e-5)
    print("got  ", dtype, got)
    print("right", dtype, right)
    wrong.append(abs(got - right) > 0.02)
sys.exit(int(any(wrong)))
