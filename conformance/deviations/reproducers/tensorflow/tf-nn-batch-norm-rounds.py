"""tf.nn's batch norm rounds mean, variance and products to the 16 bits of x."""

import sys

import numpy as np
import tensorflow as tf

x = tf.constant([[300.0], [302.0], [303.0]], tf.float16)
mean, variance = tf.nn.moments(x, [0])
got = tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3).numpy().ravel().astype(float)
given = np.array([300.0, 302.0, 303.0])
right = (given - given.mean()) / np.sqrt(given.var() + 1e-3)
print("got  ", got)
print("right", right)
sys.exit(1 if (np.abs(got - right) > 0.01).any() else 0)
