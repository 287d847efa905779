"""LayerNormalization of whole numbers cuts its gain and bias to whole numbers."""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

x = np.array([[-3, 1], [4, 0]], "int32")
layer = keras.layers.LayerNormalization()
layer.build(x.shape)
layer.set_weights([np.array([1.5, 0.9], "float32"), np.array([0.5, -0.5], "float32")])
got, right = (keras.ops.convert_to_numpy(layer(keras.ops.convert_to_tensor(each))) for each in (x, x.astype("float32")))
print("got  ", got.tolist())
print("right", right.tolist())
sys.exit(bool(abs(got - right).max() > 1e-3))
