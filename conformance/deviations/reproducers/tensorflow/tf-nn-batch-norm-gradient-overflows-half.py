"""The gradient of tf.nn.batch_normalization in float16 holds the cube of 1/sqrt(eps): without spread it is NaN."""

import sys

import numpy as np
import tensorflow as tf

x = tf.constant(np.full((2, 1), 0.1257, "float16"))
gamma, beta = tf.constant(np.array([0.3457], "float16")), tf.constant(np.array([0.1891], "float16"))
dy = tf.constant(np.array([[0.03125], [1.0625]], "float16"))
with tf.GradientTape() as tape:
    tape.watch(x)
    mean, variance = tf.nn.moments(x, [0])
    y = tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-5)
got = tape.gradient(y, x, output_gradients=dy).numpy()[0, 0]
right = 0.3457 * (0.03125 - 1.0625) / 2 / np.sqrt(1e-5)
print("got  ", got)
print("right", right)
sys.exit(int(np.isnan(got)))
