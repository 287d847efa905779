"""The second derivative of layer normalization at a deviation of 1e10: the fourth power of 1/sigma is 0 in float32."""

import sys

import jax
import jax.numpy as jnp
import numpy as np


def normalized(x):
    centred = x - x.mean()
    return centred * jax.lax.rsqrt((centred**2).mean() + 1e-5)


def second(x, dy, ddx):
    return jax.grad(lambda x: jnp.vdot(jax.vjp(normalized, x)[1](dy)[0], ddx))(x)


dy, ddx = jnp.array([0.3, 1.0, -1.0], "float32"), jnp.array([0.12, -0.13, 0.64], "float32")
plain = np.array([0.0, 1.0, -1.5], "float32")
# x is scaled by 1e10, and so the second derivative by 1e-20: with epsilon nothing else changes.
got = np.asarray(second(jnp.array(1e10 * plain), dy, ddx), "float64") * 1e20
right = np.asarray(second(jnp.array(plain), dy, ddx), "float64")
print("got  ", got)
print("right", right)
sys.exit(int(np.abs(got - right).max() > 1e-3))
