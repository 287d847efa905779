"""tanh of a float64 tensor is computed in float32: of 1e-277 it is 0, and it is 1e-277."""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras
import numpy as np

jax.config.update("jax_enable_x64", True)
x = np.array([1e-277])
got = float(np.asarray(keras.activations.tanh(keras.ops.convert_to_tensor(x, "float64")))[0])
right = 1e-277
print("got  ", got)
print("right", right)
sys.exit(int(got == 0))
