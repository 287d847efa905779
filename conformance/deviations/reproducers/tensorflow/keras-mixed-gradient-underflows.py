"""Under mixed_float16 the float32 kernel has a gradient that went through float16, in whose steps it comes."""

import sys

import keras
import numpy as np
import tensorflow as tf

layer = keras.layers.Dense(1, dtype="mixed_float16")
layer.build((2, 1))
x = tf.constant([[3 * 2.0**-24], [2.0**-24]], tf.float16)
dy = tf.constant([[0.75], [0.5]], tf.float16)
with tf.GradientTape() as tape:
    y = layer(x)
got = tape.gradient(y, layer.kernel.value, output_gradients=dy).numpy()
right = x.numpy().astype(np.float32).T @ dy.numpy().astype(np.float32)
print("got  ", got)
print("right", right)
sys.exit(1 if np.abs(got - right) > 0.01 * np.abs(right) else 0)
