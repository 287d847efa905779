"""The variance's share of BatchNormalization's gradient is lost where the deviation is beyond 4e18."""

import sys

import keras
import numpy as np
import tensorflow as tf

found = []
for size in (1.0, 2.0**62):  # of x times a power of two the gradient is divided by it
    x, dy = tf.constant([[-size], [0.0], [2 * size]]), tf.constant([[1.0], [0.0], [0.0]])
    layer = keras.layers.BatchNormalization(epsilon=1e-12)
    layer.build(x.shape)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True)
    found.append(tape.gradient(y, x, output_gradients=dy).numpy().ravel() * np.float32(size))
right, got = found
print("got  ", got)
print("right", right)
sys.exit(bool(abs(got - right).max() > 1e-3))
