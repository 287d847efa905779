"""selu of a large bfloat16 is off by more than its last rounding: the scale itself is rounded to 8 bits."""

import sys

import numpy as np
import tensorflow as tf

x = tf.constant(3.2e38, tf.bfloat16)
got, right = float(tf.nn.selu(x)), float(x) * 1.0507009873554805
print("got  ", got)
print("right", right)
sys.exit(abs(got / right - 1) > 1.01 * np.ldexp(1.0, -8))
