"""The gradient of tf.nn.batch_normalization in float16 holds the cube of 1/sqrt(eps): without spread it is NaN."""

import sys

import numpy as np
import tensorflow as tf

x = tf.constant(np.full((4, 1), 2.0, "float16"))
dy = tf.constant(np.array([[1.0], [0.0], [0.0], [0.0]], "float16"))
with tf.GradientTape() as tape:
    tape.watch(x)
    mean, variance = tf.nn.moments(x, [0])
    y = tf.nn.batch_normalization(x, mean, variance, None, None, 1e-5)
got = tape.gradient(y, x, output_gradients=dy).numpy()[0, 0]
right = 0.75 / np.sqrt(1e-5)
print("got  ", got)
print("right", right)
sys.exit(int(np.isnan(got)))
