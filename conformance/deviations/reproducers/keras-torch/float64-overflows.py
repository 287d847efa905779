"""A layer of dtype float64 overflows where float32 does, because it computes in float32."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

layer = keras.layers.LayerNormalization(dtype="float64")
x = np.array([[1e40, 2e40, 4e40]])
got = keras.ops.convert_to_numpy(layer(x))
right = (x - x.mean()) / x.std()
print("got  ", got)
print("right", right)
sys.exit(int(not np.allclose(got, right)))
