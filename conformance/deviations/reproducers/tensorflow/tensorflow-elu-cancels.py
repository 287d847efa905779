"""elu is computed as exp(x) - 1: for a small negative x nothing is left."""

import sys

import numpy as np
import tensorflow as tf

got = tf.nn.elu(tf.constant([-1e-9], tf.float32)).numpy()
right = np.expm1(np.array([-1e-9], np.float32))
print("got  ", got)
print("right", right)
sys.exit(1 if np.abs(got - right) > 1e-5 * np.abs(right) else 0)
