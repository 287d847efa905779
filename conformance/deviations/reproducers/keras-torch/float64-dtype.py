"""A Dense layer of dtype float64 without a bias answers in float32."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

layer = keras.layers.Dense(3, use_bias=False, dtype="float64")
got = keras.backend.standardize_dtype(layer(np.ones((2, 4))).dtype)
print("got  ", got)
print("right", layer.compute_dtype)
sys.exit(int(got != "float64"))
