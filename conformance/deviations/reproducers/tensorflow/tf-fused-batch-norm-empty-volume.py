"""The gradient of the fused batch norm of no volumes has four axes, and the volumes have five."""

import sys

import numpy as np
import tensorflow as tf

x, one = tf.zeros((0, 1, 2, 2, 2)), tf.ones(2)
with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.compat.v1.nn.fused_batch_norm(x, one, one, data_format="NDHWC")[0]
got = tape.gradient(y, x).numpy().shape
right = np.zeros((0, 1, 2, 2, 2)).shape
print("got  ", got)
print("right", right)
sys.exit(1 if got != right else 0)
