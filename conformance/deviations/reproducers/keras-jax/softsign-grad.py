"""The derivative of softsign is a difference of nearly equal terms, one of which overflows."""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras

x = jax.numpy.array([1e8, 1e20], dtype="float32")
y, pull = jax.vjp(lambda x: keras.activations.softsign(x), x)
(dx,) = pull(jax.numpy.full_like(y, 1))
got, right = [float(each) for each in dx], [1e-16, 1e-40]
print("got  ", got)
print("right", right)
sys.exit(int(abs(got[0] - right[0]) > 1e-3 * right[0]))
