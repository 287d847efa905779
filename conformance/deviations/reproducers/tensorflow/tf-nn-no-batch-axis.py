"""tf.nn.moments takes no axes at all: each value is its own mean, and the variance is 0."""

import sys

import tensorflow as tf

got = [each.numpy() for each in tf.nn.moments(tf.constant([1.0, 2.0, 3.0]), [])]
right = "an error: there is no axis to take statistics over"
print("got  ", got)
print("right", right)
sys.exit(1 if (got[1] == 0).all() else 0)
