"""Forward mode differentiates the sigmoid as s (1 - s) with the rounded s: the tangent is 0 from 16.7 on in float32."""

import sys

import numpy as np
import tensorflow as tf

x = tf.constant([17.0], tf.float32)
with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as forward:
    y = tf.sigmoid(x)
got = forward.jvp(y).numpy()
right = np.exp([-17.0])
print("got  ", got)
print("right", right)
sys.exit(1 if np.abs(got - right) > 0.1 * right else 0)
