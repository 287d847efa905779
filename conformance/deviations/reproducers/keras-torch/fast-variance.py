"""On PyTorch the variance is E[x^2] - E[x]^2, which is lost where the mean is large."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

x = np.array([[10000.0], [10001.0]], "float32")
layer = keras.layers.BatchNormalization(epsilon=1e-5)
got = keras.ops.convert_to_numpy(layer(x, training=True)).ravel()
right = (x - x.mean()).ravel() / np.sqrt(0.25 + 1e-5)
print("got  ", got)
print("right", right)
sys.exit(int(not np.allclose(got, right, rtol=1e-2)))
