"""Behind a convolution, in a graph, a batch norm reads beyond the end of a scale that is too short."""

import sys

import tensorflow as tf


@tf.function(input_signature=[tf.TensorSpec([None] * rank) for rank in (4, 1, 1, 1, 1)])
def infer(x, scale, offset, mean, variance):  # type: ignore[no-untyped-def]
    y = tf.nn.conv2d(x, tf.ones((1, 1, 3, 3)), 1, "SAME")
    return tf.compat.v1.nn.fused_batch_norm(y, scale, offset, mean, variance, is_training=False)[0]


try:
    got = infer(tf.ones((1, 2, 2, 3)), tf.ones(1), tf.ones(3), tf.ones(3), tf.ones(3)).numpy().ravel()[:3]
except tf.errors.InvalidArgumentError as refusal:
    got = refusal.message
right = "an error: scale has 1 element, x 3 channels"
print("got  ", got)
print("right", right)
sys.exit(1 if not isinstance(got, str) else 0)
