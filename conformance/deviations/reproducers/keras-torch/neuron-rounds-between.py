"""A neuron in bfloat16 rounds the product before it adds the bias."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras

layer = keras.layers.Dense(1, dtype="mixed_bfloat16")
layer.build((1, 1))
layer.kernel.assign([[1.0]])
layer.bias.assign([-1.0])
x = keras.ops.convert_to_tensor([[1.0078125]], "bfloat16")
layer.kernel.assign([[1.0078125]])
got = float(layer(x)[0, 0])
right = 1.0078125**2 - 1  # 0.0156860..., of which bfloat16 has 0.015686
print("got  ", got)
print("right", right)
sys.exit(int(abs(got - right) > 2**-9 * right))
