"""Under mixed_float16 the float32 kernel has a gradient that went through float16, and is infinite there."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras

layer = keras.layers.Dense(1, use_bias=False, dtype="mixed_float16")
layer.build((2, 1))
x = keras.ops.convert_to_tensor([[60000.0], [60000.0]], "float16")
layer(x).backward(keras.ops.ones((2, 1), "float16"))
got, right = layer.kernel.value.grad.item(), 120000.0
print("got  ", got)
print("right", right)
sys.exit(int(got != right))
