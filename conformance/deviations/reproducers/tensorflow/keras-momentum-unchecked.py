"""A momentum of -1 is taken without a word: the moving variance becomes negative."""

import sys

import keras
import numpy as np

layer = keras.layers.BatchNormalization(momentum=-1.0)
layer(np.array([[1.0], [1.5]], np.float32), training=True)
got = layer.moving_variance.numpy()
right = "an error: momentum is negative"
print("got  ", got)
print("right", right)
sys.exit(1 if got[0] < 0 else 0)
