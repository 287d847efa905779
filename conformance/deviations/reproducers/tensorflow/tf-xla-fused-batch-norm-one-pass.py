"""Compiled by XLA the fused batch norm loses the variance of numbers around 10,000."""

import sys

import numpy as np
import tensorflow as tf


def norm(x):  # type: ignore[no-untyped-def]
    return tf.compat.v1.nn.fused_batch_norm(x, tf.ones(1), tf.zeros(1), epsilon=1e-3)[0]


given = np.array([10000.0, 10001.0, 9999.0, 10002.0])
got = tf.function(norm, jit_compile=True)(tf.constant(given.reshape(4, 1, 1, 1), tf.float32)).numpy().ravel()
right = (given - given.mean()) / np.sqrt(given.var() + 1e-3)
print("got  ", got)
print("right", right)
sys.exit(1 if (np.abs(got - right) > 0.01).any() else 0)
