"""The derivative of softplus is exp(x - y) with the rounded y."""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras
import numpy as np

x = jax.numpy.array([-18.3], dtype="float32")
y, pull = jax.vjp(lambda x: keras.activations.log_sigmoid(x), x)
(dx,) = pull(jax.numpy.full_like(y, 1))
xs = jax.numpy.linspace(10.0, 16.0, 1001)
_, pull = jax.vjp(keras.activations.softplus, xs)
got = np.asarray(pull(jax.numpy.ones_like(xs))[0], "float64")
right = 1 / (1 + np.exp(-np.asarray(xs, "float64")))
worst = np.abs(got - right).argmax()
print("got  ", got[worst])
print("right", right[worst], "at", float(xs[worst]))
sys.exit(int(np.abs(got - right)[worst] > 4 * 2**-24))
