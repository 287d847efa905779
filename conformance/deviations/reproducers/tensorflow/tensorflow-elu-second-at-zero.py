"""The second derivative of elu takes its branch from the rounded output, and the wrong one just below zero."""

import sys

import numpy as np
import tensorflow as tf

x = tf.constant([-1e-8], tf.float32)
with tf.GradientTape() as outer:
    outer.watch(x)
    with tf.GradientTape() as inner:
        inner.watch(x)
        y = tf.nn.elu(x)
    dx = inner.gradient(y, x)
got = outer.gradient(dx, x).numpy()
right = np.exp(x.numpy())
print("got  ", got)
print("right", right)
sys.exit(1 if np.abs(got - right) > 0.01 else 0)
