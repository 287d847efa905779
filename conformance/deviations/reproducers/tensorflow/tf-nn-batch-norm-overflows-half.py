"""The variance that tf.nn.moments gives in float16 is infinite from 256 squared on: every output is 0."""

import sys

import numpy as np
import tensorflow as tf

x = tf.constant([[1000.0], [-1000.0], [300.0]], tf.float16)
mean, variance = tf.nn.moments(x, [0])
got = tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3).numpy().ravel().astype(float)
given = np.array([1000.0, -1000.0, 300.0])
right = (given - given.mean()) / given.std()
print("got  ", got)
print("right", right)
sys.exit(1 if (got == 0).all() else 0)
