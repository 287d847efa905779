"""The tangent of mish is 0 in float32 where it is -1.15e-37: what is multiplied by x last has been flushed to 0."""

import sys

import keras
import numpy as np
import tensorflow as tf

x, ddx = np.float32(-86.33798), np.float32(0.04229567)
with tf.GradientTape() as outer:
    dy = tf.constant(1.0)
    outer.watch(dy)
    with tf.GradientTape() as inner:
        x_ = tf.constant(x)
        inner.watch(x_)
        y = keras.activations.mish(x_)
    dx = inner.gradient(y, x_, output_gradients=dy)
got = float(outer.gradient(dx, dy, output_gradients=tf.constant(ddx)))
right = float(ddx) * (1 + float(x)) * np.exp(float(x))  # mish is x exp(x) there
print("got  ", got)
print("right", right)
sys.exit(abs(got - right) > 0.5 * abs(right))
