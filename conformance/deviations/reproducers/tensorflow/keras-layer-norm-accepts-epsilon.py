"""LayerNormalization takes a negative epsilon, and gives NaN where the variance is smaller."""

import sys

import keras
import numpy as np

layer = keras.layers.LayerNormalization(epsilon=-1.0)
got = layer(np.array([[1.0, 2.0], [10.0, 20.0]], np.float32)).numpy()
right = "an error: epsilon is negative"
print("got  ", got)
print("right", right)
sys.exit(1 if np.isnan(got).any() else 0)
