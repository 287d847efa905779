"""dx is the sum of two gradients that are each rounded to 16 bits before they are added, and may overflow alone."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

layer = nnx.LayerNorm(3, epsilon=1e-12, use_scale=False, use_bias=False, dtype=jnp.float16, rngs=nnx.Rngs(0))
wrong = []
for values, cotangent in (([300, 302, 303], [1, 2, 0]), ([0, 1.526e-5, -1.526e-5], [2, 3, 2.5])):
    x, dy = np.array(values, np.float16), np.array(cotangent, np.float16)
    got = np.asarray(jax.vjp(layer, jnp.asarray(x))[1](jnp.asarray(dy))[0])
    wide, h = x.astype(np.float64), dy.astype(np.float64)
    s = np.sqrt(wide.var() + 1e-12)
    x_hat = (wide - wide.mean()) / s
    right = (h - h.mean() - x_hat * (h * x_hat).mean()) / s
    print("got  ", got)
    print("right", right)
    wrong.append(not np.allclose(got, right, rtol=2e-3))
sys.exit(int(any(wrong)))
