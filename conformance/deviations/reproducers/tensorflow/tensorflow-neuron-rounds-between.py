"""A bfloat16 neuron rounds the matrix product before the bias is added."""

import sys

import keras
import tensorflow as tf

layer = keras.layers.Dense(1, dtype="bfloat16")
layer.build((1, 2))
layer.kernel.assign([[1.0], [1.0]])
layer.bias.assign([-256.0])
got = float(layer(tf.constant([[256.0, 1.0]], tf.bfloat16))[0, 0])
right = 1.0
print("got  ", got)
print("right", right)
sys.exit(1 if got != right else 0)
