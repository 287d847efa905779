"""BatchNormalization takes a momentum of -1, which makes the moving variance negative."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

x = np.array([[0.0], [4.0]], "float32")
try:
    layer = keras.layers.BatchNormalization(momentum=-1.0)
    layer(0 * x, training=True)
    got = f"a moving variance of {float(layer.moving_variance[0])}"
except ValueError:
    got = "ValueError"
print("got  ", got)
print("right ValueError")
sys.exit(int(got != "ValueError"))
