"""tf.nn.batch_normalization of a constant channel is NaN in float16, where it is beta: x a - mean a overflows."""

import sys

import tensorflow as tf

x = tf.fill([2, 1], tf.constant(204.75, tf.float16))
mean, variance = tf.nn.moments(x, [0])
scale, offset = tf.constant([1.3125], tf.float16), tf.constant([-0.125], tf.float16)
y = tf.nn.batch_normalization(x, mean, variance, offset, scale, 1e-5).numpy().ravel()
print("got  ", y)
print("right", [-0.125, -0.125])
sys.exit(bool((y != -0.125).any()))
