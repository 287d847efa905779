"""LayerNormalization takes no axis at all."""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

layer = keras.layers.LayerNormalization(axis=[])
try:
    got = keras.ops.convert_to_numpy(layer(np.array([[1.0, 2.0, 4.0]], "float32")))
except ValueError:
    got = "ValueError"
print("got  ", got)
print("right ValueError")
sys.exit(int(not isinstance(got, str)))
