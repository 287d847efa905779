"""The tangent of sigmoid(W x) is NaN in float16 where the tangent of W x overflows and the neuron is off."""

import sys

import numpy as np
import tensorflow as tf

x, weight = tf.constant([[-1e4]], tf.float16), tf.ones((1, 1), tf.float16)
along = tf.constant([[8.0]], tf.float16)  # the direction of the weight: 8 x is beyond float16
with tf.autodiff.ForwardAccumulator(weight, along) as forward:
    y = tf.sigmoid(x @ weight)
got = forward.jvp(y).numpy()
print("got  ", got)
print("right", np.zeros((1, 1)))
sys.exit(1 if np.isnan(got).any() else 0)
