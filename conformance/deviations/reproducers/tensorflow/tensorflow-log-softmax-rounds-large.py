"""log_softmax in bfloat16 sums exponentials in bfloat16."""

import sys

import numpy as np
import tensorflow as tf

got = float(tf.nn.log_softmax(tf.constant([[704.0, 700.0]], tf.bfloat16))[0, 0])
right = -float(np.log1p(np.exp(-4.0)))
print("got  ", got)
print("right", right)
sys.exit(1 if abs(got - right) > 2**-7 * abs(right) else 0)
