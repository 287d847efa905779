"""The slope of leaky_relu is a float32 number in float64 too."""

import sys

import numpy as np
import tensorflow as tf

got = tf.nn.leaky_relu(tf.constant([-1.0], tf.float64), alpha=0.01).numpy()
right = np.array([-0.01])
print("got  ", got)
print("right", right)
sys.exit(1 if np.abs(got - right) > 1e-12 else 0)
