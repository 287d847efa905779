"""A tensor of rank 1 has no batch, and BatchNormalization normalizes each of its values by itself."""

import sys

import keras
import numpy as np

layer = keras.layers.BatchNormalization()
got = layer(np.array([1.0, 2.0, 3.0], np.float32), training=True).numpy()
right = "an error: the input has no batch axis"
print("got  ", got)
print("right", right)
sys.exit(1 if (got == 0).all() else 0)
