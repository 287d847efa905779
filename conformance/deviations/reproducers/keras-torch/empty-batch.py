"""An empty batch in training makes the moving statistics NaN."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

layer = keras.layers.BatchNormalization()
layer.build((0, 2))
layer(np.zeros((0, 2), "float32"), training=True)
got = keras.ops.convert_to_numpy(layer.moving_mean)
print("got  ", got)
print("right [0. 0.], or an error")
sys.exit(int(np.isnan(got).any()))
