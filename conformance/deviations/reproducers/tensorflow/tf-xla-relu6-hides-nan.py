"""Compiled by XLA relu6 of NaN is 0."""

import sys

import numpy as np
import tensorflow as tf

got = tf.function(tf.nn.relu6, jit_compile=True)(tf.constant([np.nan])).numpy()
right = np.array([np.nan])
print("got  ", got)
print("right", right)
sys.exit(1 if not np.isnan(got).any() else 0)
