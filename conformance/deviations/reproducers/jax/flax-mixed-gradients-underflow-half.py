"""The gradient of a float32 gain has the steps of float16 where it is small, in mixed precision."""

import sys

import jax
import numpy as np
from flax import nnx

layer = nnx.LayerNorm(3, dtype="float16", rngs=nnx.Rngs(0))
graph, state = nnx.split(layer)
x, dy = np.array([[0.25, -1.5, 0.5]], "float16"), np.array([[4.0e-7, 4.0e-7, 4.0e-7]], "float16")


def dgain(x, dy):
    return jax.vjp(lambda state: nnx.merge(graph, state)(x), state)[1](dy)[0]["scale"].get_value()


got = np.asarray(dgain(x, jax.numpy.asarray(dy)))
x_hat = (x - x.mean()) / x.std()
right = (dy.astype("float64") * x_hat)[0]
print("got  ", got.dtype, got.tolist())
print("right", right.tolist())
sys.exit(bool(abs(got - right).max() > 1e-3 * abs(right).max()))
