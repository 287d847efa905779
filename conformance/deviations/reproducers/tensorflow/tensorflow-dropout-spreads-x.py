"""A noise_shape that is larger than x is not refused: dropout spreads x over it and answers another shape."""

import sys

import tensorflow as tf

x = tf.ones((1, 3))
try:
    got = str(tf.nn.dropout(x, 0.5, noise_shape=(4, 3), seed=1).shape)
except (ValueError, tf.errors.InvalidArgumentError) as error:
    got = type(error).__name__
print("got   ", got)
print("right  an error, or the shape (1, 3)")
sys.exit(1 if got == "(4, 3)" else 0)
