"""Second derivatives of log_sigmoid and softmax cancel where a sigmoid or a probability is nearly 1."""

import sys

import numpy as np
import tensorflow as tf


def second(function, x, direction):
    """The gradient of <dx, direction>, where dx is the gradient of the sum of <function(x), direction>."""
    x, direction = tf.constant(x, tf.float32), tf.constant(direction, tf.float32)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = function(x)
        dx = inner.gradient(y, x, output_gradients=direction)
    return outer.gradient(dx, x, output_gradients=direction).numpy().ravel()


got = np.array([second(tf.math.log_sigmoid, [-20.0], [1.0])[0], second(tf.nn.softmax, [[0.0, 20.0]], [[0.0, 1.0]])[1]])
small = np.exp(-20.0)
right = np.array([-small, -small])
print("got  ", got)
print("right", right)
sys.exit(1 if (np.abs(got - right) > 0.1 * small).any() else 0)
