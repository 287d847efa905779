"""Activations compute in bfloat16 and round every operation."""

import sys

import numpy as np
import tensorflow as tf

x = tf.constant([-11.4, -0.00128], tf.bfloat16)
got = [float(tf.nn.silu(x)[0]), float(tf.nn.elu(x)[1])]
given = x.numpy().astype(float)
right = [given[0] / (1 + np.exp(-given[0])), np.expm1(given[1])]
print("got  ", got)
print("right", right)
sys.exit(1 if (np.abs(np.subtract(got, right)) > 2**-8 * np.abs(right)).any() else 0)
