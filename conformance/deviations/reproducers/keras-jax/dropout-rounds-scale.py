"""On JAX Dropout divides by 1 - p rounded to the dtype of x: in bfloat16 a rate of 0.3 divides by 0.69921875."""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

x = np.linspace(1, 2, 129, dtype=np.float32)[:-1]  # all of them numbers of bfloat16
y = np.asarray(keras.layers.Dropout(0.3, seed=1, dtype="bfloat16")(x, training=True))
got = y[y != 0].astype(float).tolist()
right = (x / 0.7).astype(y.dtype)[y != 0].astype(float).tolist()
print("got  ", got[:4])
print("right", right[:4])
sys.exit(int(got != right))
