"""Compiled by XLA the gradient through a variance above 1e25 is lost: it contains a cube that underflows."""

import sys

import numpy as np
import tensorflow as tf


def slope(x):  # type: ignore[no-untyped-def]
    mean, variance = tf.nn.moments(x, [0])
    y = tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3)
    return tf.gradients(y, x, tf.constant([0.0, 1.0, 0.5], x.dtype))[0]


given = np.array([0.0, 1.0, 2.0])
got, right = [], []
for scale, dtype in ((1e15, tf.float32), (1e120, tf.float64)):
    compiled = tf.function(slope, jit_compile=True, input_signature=[tf.TensorSpec([3], dtype)])
    got.append(compiled(tf.constant(given * scale, dtype)).numpy() * scale)
    h, z = np.array([0.0, 1.0, 0.5]), (given - 1.0) / given.std()
    right.append((h - h.mean() - z * (h * z).mean()) / given.std())
print("got  ", got)
print("right", right)
sys.exit(1 if (np.abs(np.array(got) - right) > 0.01).any() else 0)
