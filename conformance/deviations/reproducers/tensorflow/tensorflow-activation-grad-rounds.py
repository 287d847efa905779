"""The gradients of activations are formed from outputs that are rounded to bfloat16."""

import sys

import numpy as np
import tensorflow as tf

got = []
for function, at in ((tf.sigmoid, 7.0), (tf.nn.silu, -1.289), (tf.tanh, 3.0)):
    x = tf.constant([at], tf.bfloat16)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    got.append(float(tape.gradient(y, x)[0]))
right = [0.00091, -0.0022, 0.00987]
print("got  ", got)
print("right", right)
sys.exit(1 if (np.abs(np.subtract(got, right)) > 0.1 * np.abs(right)).any() else 0)
