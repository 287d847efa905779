"""The second derivative of the fused batch norm is wrong where the deviation is large: powers of 1/sigma underflow."""

import sys

import tensorflow as tf


def second(scale):
    """dxx of x times a power of two, which divides it by the square of that."""
    x, dy, ddx = (
        tf.reshape(each, [3, 1, 1, 1]) for each in ([0.0, scale, 3 * scale], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    )
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y, *_ = tf.raw_ops.FusedBatchNormV3(
                x=x, scale=[1.0], offset=[0.0], mean=[0.0], variance=[1.0], epsilon=1e-5
            )
        dx = inner.gradient(y, x, output_gradients=dy)
    return outer.gradient(dx, x, output_gradients=ddx).numpy().ravel().astype(float) * scale**2


got, right = second(2.0**51), second(2.0**20)
print("got  ", got)
print("right", right)
sys.exit(bool(abs(got - right).max() > 0.01 * abs(right).max()))
