"""gelu in float64 has seven digits: its constants are float32 numbers."""

import sys

import numpy as np
import tensorflow as tf

got = tf.nn.gelu(tf.constant([-1.0], tf.float64), approximate=False).numpy()
right = np.array([-0.15865525393145707])
print("got  ", got)
print("right", right)
sys.exit(1 if np.abs(got - right) > 1e-12 else 0)
