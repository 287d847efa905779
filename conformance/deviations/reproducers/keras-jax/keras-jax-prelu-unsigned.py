"""PReLU of unsigned numbers is wrong, because -x wraps around."""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

x = np.array([[3, 250]], "uint8")
layer = keras.layers.PReLU()
layer.build(x.shape)
layer.set_weights([np.array([0.25, 0.25], "float32")])
got = keras.ops.convert_to_numpy(layer(keras.ops.convert_to_tensor(x))).tolist()
print("got  ", got)
print("right", x.tolist())
sys.exit(got != x.tolist())
