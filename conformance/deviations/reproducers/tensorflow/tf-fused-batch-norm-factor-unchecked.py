"""The fused batch norm takes an averaging factor of 2: the running variance becomes negative."""

import sys

import tensorflow as tf

x, one = tf.ones((2, 1, 1, 1)), tf.ones(1)
_, _, got = tf.compat.v1.nn.fused_batch_norm(x, one, one, one, one, exponential_avg_factor=2.0)
got = got.numpy()
right = "an error: the factor is above 1"
print("got  ", got)
print("right", right)
sys.exit(1 if got[0] < 0 else 0)
