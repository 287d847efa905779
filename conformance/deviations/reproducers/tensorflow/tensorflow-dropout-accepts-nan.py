"""tf.nn.dropout takes a rate that is NaN, and gives zeros."""

import sys

import tensorflow as tf

got = tf.nn.dropout(tf.ones(4), float("nan")).numpy()
right = "an error: the rate is not a number from 0 to 1"
print("got  ", got)
print("right", right)
sys.exit(1 if got.shape == (4,) else 0)
