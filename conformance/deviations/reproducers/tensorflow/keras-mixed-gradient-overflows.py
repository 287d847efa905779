"""Under mixed_float16 the float32 kernel has a gradient that went through float16, and is infinite there."""

import sys

import keras
import numpy as np
import tensorflow as tf

layer = keras.layers.Dense(1, dtype="mixed_float16")
layer.build((2, 1))
with tf.GradientTape() as tape:
    y = layer(tf.constant([[60000.0], [60000.0]], tf.float16))
got = tape.gradient(y, layer.kernel.value, output_gradients=tf.ones((2, 1), tf.float16)).numpy()
right = np.array([[120000.0]])
print("got  ", got)
print("right", right)
sys.exit(1 if np.isinf(got).any() else 0)
