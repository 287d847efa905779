"""A layer of dtype float64 computes in float32."""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras
import numpy as np

jax.config.update("jax_enable_x64", True)
layer = keras.layers.LayerNormalization(epsilon=1e-3, dtype="float64")
x = np.array([[0.1, 0.2, 0.7]])
got = keras.ops.convert_to_numpy(layer(x))
right = (x - x.mean()) / np.sqrt(x.var() + 1e-3)
print("got  ", got, got.dtype)
print("right", right)
sys.exit(int(np.abs(got - right).max() > 1e-12))
