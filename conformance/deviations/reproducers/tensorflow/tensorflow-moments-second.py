"""The second derivative through tf.nn.moments is wrong: the mean inside the variance is held constant."""

import sys

import tensorflow as tf

x, dy, ddx = tf.constant([[0.3, 1.1, -0.7], [1.0, 0.0, 0.5], [0.0, 1.0, 0.25]], tf.float64)


def plain(x):
    mean = tf.reduce_mean(x)
    return mean, tf.reduce_mean(tf.square(x - mean))


def second(moments):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.nn.batch_normalization(x, *moments(x), None, None, 1e-3)
        dx = inner.gradient(y, x, output_gradients=dy)
    return outer.gradient(dx, x, output_gradients=ddx).numpy()


got, right = second(lambda x: tf.nn.moments(x, [0])), second(plain)
print("got  ", got)
print("right", right)
sys.exit(bool(abs(got - right).max() > 1e-6))
