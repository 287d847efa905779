"""In a layer of dtype float64 what is below the smallest float32 is 0."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

layer = keras.layers.LayerNormalization(epsilon=1e-4, dtype="float64")
got = keras.ops.convert_to_numpy(layer(np.array([[0.0, 2e-60]])))
right = np.array([[-1e-58, 1e-58]])
print("got  ", got)
print("right", right)
sys.exit(int(not np.allclose(got, right, rtol=1e-3, atol=0)))
