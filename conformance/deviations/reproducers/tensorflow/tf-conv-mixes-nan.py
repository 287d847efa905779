"""tf.nn.conv2d by the identity multiplies NaN by 0: a NaN in one channel reaches the others."""

import sys

import numpy as np
import tensorflow as tf

x = tf.constant([[[[np.nan, 2.0]]]], tf.float32)
got = tf.nn.conv2d(x, tf.reshape(tf.eye(2), [1, 1, 2, 2]), 1, "SAME").numpy()[0, 0, 0, 1]
right = 2.0
print("got  ", got)
print("right", right)
sys.exit(1 if got != right else 0)
