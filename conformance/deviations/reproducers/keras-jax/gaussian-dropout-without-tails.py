"""On JAX the noise of GaussianDropout in bfloat16 has 128 values, none of them above 2.52 deviations."""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

x = np.ones(1_000_000, np.float32)
y = np.asarray(keras.layers.GaussianDropout(0.5, seed=1, dtype="bfloat16")(x, training=True), np.float64)
got = int(np.count_nonzero(y > 4))  # more than 3 deviations above the mean
print("got  ", got, "of 1000000 above 3 deviations")
print("right", "1350 +- 240")
sys.exit(int(got < 1000))
