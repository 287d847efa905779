"""PReLU passes no gradient at 0, where its one-sided derivatives are alpha and 1."""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras

layer = keras.layers.PReLU(alpha_initializer=keras.initializers.Constant(0.25))
layer.build((1, 1))
x = jax.numpy.array([[0.0]], dtype="float32")
y, pull = jax.vjp(lambda x: layer(x), x)
(dx,) = pull(jax.numpy.full_like(y, 1))
got = float(dx[0, 0])
print("got  ", got)
print("right between 0.25 and 1.0")
sys.exit(int(not 0.25 <= got <= 1))
