"""The second derivative of silu multiplies x by both cotangents before the factor that is 0 there: it is NaN."""

import sys

import numpy as np
import tensorflow as tf

x = tf.constant(np.array([60000.0], "float16"))
dy = tf.constant(np.array([2.0], "float16"))
with tf.GradientTape() as outer:
    outer.watch(x)
    with tf.GradientTape() as inner:
        inner.watch(x)
        y = tf.nn.silu(x)
    dx = inner.gradient(y, x, output_gradients=dy)
got = outer.gradient(dx, x).numpy()[0]
right = 0.0
print("got  ", got)
print("right", right)
sys.exit(int(np.isnan(got)))
