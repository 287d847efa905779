"""AlphaDropout rounds product and sum to the dtype of x, where scaled input and shift nearly cancel."""

import sys

import keras
import numpy as np

x = -np.ones(64)
got, right = (
    float(np.max(np.asarray(keras.layers.AlphaDropout(0.5, seed=1, dtype=dtype)(x, training=True), np.float64)))
    for dtype in ("bfloat16", "float64")
)
print("got  ", got)
print("right", right, "+- 0.0002, half a unit in the last place of bfloat16")
sys.exit(int(abs(got - right) > 0.001))
