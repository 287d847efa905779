"""On JAX a Dropout of keras.RematScope takes no training=True."""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras

with keras.RematScope(mode="full"):
    dropout = keras.layers.Dropout(0.5, seed=1)
dropout.build((2, 3))
state = [variable.value for variable in dropout.non_trainable_variables]
try:
    got = dropout.stateless_call([], state, jax.numpy.ones((2, 3)), training=True)[0].shape
except jax.errors.TracerBoolConversionError as error:
    got = " ".join(str(error).split())[:200]
print("got  ", got)
print("right", (2, 3))
sys.exit(int(isinstance(got, str)))
