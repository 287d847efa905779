"""tf.nn.batch_normalization takes a scale of one element for three channels."""

import sys

import tensorflow as tf

x = tf.ones((2, 3))
got = tf.nn.batch_normalization(x, tf.zeros(3), tf.ones(3), tf.zeros(3), tf.constant([2.0]), 0.0).numpy()
right = "an error: scale has 1 element, x 3 channels"
print("got  ", got)
print("right", right)
sys.exit(1 if got.shape == (2, 3) else 0)
