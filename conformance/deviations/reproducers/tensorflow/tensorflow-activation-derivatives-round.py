"""In bfloat16 forward mode rounds every operation of a derivative: that of tanh is not the nearest number."""

import sys

import numpy as np
import tensorflow as tf

x = tf.constant([0.8125], tf.bfloat16)
with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as forward:
    y = tf.tanh(x)
got = forward.jvp(y).numpy()
right = (1 - np.tanh([0.8125]) ** 2).astype(got.dtype)
print("got  ", got)
print("right", right)
sys.exit(1 if (got != right).any() else 0)
