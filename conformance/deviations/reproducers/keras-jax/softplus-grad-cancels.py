"""The derivative of softplus is exp(x - y) with the rounded y: the relative error grows with -x."""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras
import numpy as np

x = jax.numpy.linspace(-16.0, -10.0, 1001)
y, pull = jax.vjp(keras.activations.softplus, x)
got = np.asarray(pull(jax.numpy.ones_like(y))[0], "float64")
right = 1 / (1 + np.exp(-np.asarray(x, "float64")))
error = np.abs(got - right) / right
worst = error.argmax()
print("got  ", got[worst])
print("right", right[worst], "at", float(x[worst]))
sys.exit(int(error[worst] > 4 * 2**-24))
