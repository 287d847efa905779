"""Dropout of a bfloat16 tensor compares the rate with one of 128 numbers: 0.001 becomes 1/128."""

import sys

import numpy as np
import tensorflow as tf

y = tf.nn.dropout(tf.ones(1_000_000, tf.bfloat16), 0.001, seed=1)
got = float(np.mean(y.numpy() == 0))
right = 0.001
print("got  ", got)
print("right", right)
sys.exit(1 if got > 0.004 else 0)
