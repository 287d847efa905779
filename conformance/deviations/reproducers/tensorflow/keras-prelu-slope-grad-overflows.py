"""The slope's gradient adds float16 products: two that overflow with different signs give NaN, and their sum is 0."""

import sys

import keras
import numpy as np
import tensorflow as tf

x, dy = [[-60000.0, -60000.0]], [[1.5, -1.5]]
layer = keras.layers.PReLU(shared_axes=[1], dtype="float16")
layer.build((1, 2))
with tf.GradientTape() as tape:
    y = layer(tf.constant(x, tf.float16))
(slope,) = layer.trainable_variables
got = tape.gradient(y, slope, output_gradients=tf.constant(dy, tf.float16)).numpy()
right = np.sum(np.multiply(x, dy), axis=1)
print("got  ", got)
print("right", right)
sys.exit(1 if np.isnan(got).any() else 0)
