"""stateless_call of a layer with a mixed policy answers in float32, where a call answers in bfloat16."""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

layer = keras.layers.Dense(2, dtype="mixed_bfloat16")
layer.build((2, 2))
x = keras.ops.convert_to_tensor(np.ones((2, 2)), dtype="bfloat16")
y, _ = layer.stateless_call([each.value for each in layer.trainable_variables], [], x)
got, right = str(y.dtype), str(layer(x).dtype)
print("got  ", got)
print("right", right)
sys.exit(got != right)
