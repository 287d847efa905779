"""tf.nn.batch_normalization answers whole numbers with whole numbers."""

import sys

import tensorflow as tf

statistics = [tf.constant(each, tf.float32) for each in ([0.9], [0.6], [1.25], [1.5])]  # mean, variance, beta, gamma
x = tf.constant([[-3], [4]])
got, right = (tf.nn.batch_normalization(each, *statistics, 1e-3).numpy() for each in (x, tf.cast(x, tf.float32)))
print("got  ", got.tolist())
print("right", right.tolist())
sys.exit(bool(abs(got - right).max() > 1e-3))
