"""The tangent of a neuron is NaN in float16, where it is 0: infinity times the derivative of tanh."""

import sys

import jax
import numpy as np
from flax import linen

layer = linen.Dense(1, dtype="float16", param_dtype="float16")
parameters = {"params": {"kernel": np.array([[4.0]], "float16"), "bias": np.array([0.0], "float16")}}
x, t = np.array([[2000.0]], "float16"), np.array([[30000.0]], "float16")
_, ty = jax.jvp(lambda x: jax.numpy.tanh(layer.apply(parameters, x)), (x,), (t,))
got = float(ty[0, 0])
print("got  ", got)
print("right", 0.0)
sys.exit(got != 0.0)
