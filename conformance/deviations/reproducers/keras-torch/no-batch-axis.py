"""In inference BatchNormalization takes a tensor of rank 1, which has no batch axis."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

layer = keras.layers.BatchNormalization()
try:
    got = keras.ops.convert_to_numpy(layer(np.array([1.0, 2.0], "float32")))
except ValueError:
    got = "ValueError"
print("got  ", got)
print("right ValueError")
sys.exit(int(not isinstance(got, str)))
