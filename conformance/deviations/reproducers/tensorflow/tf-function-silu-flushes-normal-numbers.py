"""In a graph on the CPU silu(-87) is 0, and neither it nor the sigmoid in it is a subnormal number."""

import sys

import numpy as np
import tensorflow as tf

x = np.array([-87.0])
got = tf.function(tf.nn.silu)(tf.constant(x, tf.float32)).numpy()
right = x / (1 + np.exp(-x))
print("got  ", got)
print("right", right)
sys.exit(1 if (np.abs(got - right) > 0.01 * np.abs(right)).any() else 0)
