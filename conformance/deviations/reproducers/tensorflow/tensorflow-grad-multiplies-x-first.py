"""The gradient of gelu multiplies dy by x before the factor that is 0: where dy x overflows it is NaN."""

import sys

import numpy as np
import tensorflow as tf

got = []
for dtype in (tf.float32, tf.float64, tf.float16):
    x = tf.constant([dtype.max], dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.nn.gelu(x, approximate=False)
    got.append(float(tape.gradient(y, x, output_gradients=tf.constant([2.0], dtype))[0]))
right = [2.0, 2.0, 2.0]
print("got  ", got)
print("right", right)
sys.exit(1 if np.isnan(got).all() else 0)
