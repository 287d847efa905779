"""The scale 1/(1 - p) is rounded to bfloat16 before it meets x: two roundings instead of one."""

import sys

import ml_dtypes
import numpy as np
import tensorflow as tf

x = np.arange(1, 2, 1 / 128).astype(ml_dtypes.bfloat16)
y = tf.nn.dropout(tf.constant(x), 0.1, seed=1).numpy()
kept = y != 0
got = y[kept]
right = (x[kept].astype(float) / 0.9).astype(ml_dtypes.bfloat16)
print("got  ", got)
print("right", right)
sys.exit(1 if (got != right).any() else 0)
