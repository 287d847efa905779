"""keras.activations.tanh of a float64 tensor answers in float32."""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras

jax.config.update("jax_enable_x64", True)
x = jax.numpy.array([0.1, 0.2])
got = keras.activations.tanh(x).dtype
print("got  ", got)
print("right", x.dtype)
sys.exit(int(got != x.dtype))
