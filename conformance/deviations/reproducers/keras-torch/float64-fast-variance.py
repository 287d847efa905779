"""In float64 the variance is E[x^2] - E[x]^2 in float32: of 10000 and 10001 it is 0."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

x = np.array([[10000.0], [10001.0]])
layer = keras.layers.BatchNormalization(epsilon=1e-5, dtype="float64")
got = keras.ops.convert_to_numpy(layer(x, training=True)).ravel()
right = (x - x.mean()).ravel() / np.sqrt(0.25 + 1e-5)
print("got  ", got)
print("right", right)
sys.exit(int(not np.allclose(got, right, rtol=1e-2)))
