"""In mixed precision the float32 kernel's gradient goes through float16, and what is small there loses its digits."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras

layer = keras.layers.Dense(1, use_bias=False, dtype="mixed_float16")
layer.build((1, 1))
x = keras.ops.convert_to_tensor([[1e-4]], "float16")
layer(x).backward(keras.ops.convert_to_tensor([[1e-3]], "float16"))
got, right = layer.kernel.value.grad.item(), 1e-7
print("got  ", got)
print("right", right)
sys.exit(int(abs(got - right) > 0.01 * right))
