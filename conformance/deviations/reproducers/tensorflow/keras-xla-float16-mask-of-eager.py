"""Compiled by XLA a Dropout of float16 draws the mask of eager code; of other dtypes it draws one of its own."""

import sys

import keras
import numpy as np
import tensorflow as tf


def share(dtype: str) -> float:
    """Of how many elements the two masks differ."""
    x = tf.ones((32, 64), dtype)
    eager, compiled = (keras.layers.Dropout(0.5, seed=7, dtype=dtype) for _ in range(2))
    one = eager(x, training=True).numpy()
    other = tf.function(lambda x: compiled(x, training=True), jit_compile=True)(x).numpy()
    return float(np.mean((one != 0) != (other != 0)))


got = {dtype: share(dtype) for dtype in ("float16", "bfloat16", "float32")}
print("got  ", got)
print("right", "one answer for all dtypes: 0, or about a half")
sys.exit(int(got["float16"] == 0 and got["float32"] > 0))
