"""In a graph without oneDNN two neurons take a bias of three numbers; of one that is too short they read beyond it."""

import sys

import tensorflow as tf


@tf.function(input_signature=[tf.TensorSpec([None, None]), tf.TensorSpec([None, None]), tf.TensorSpec([None])])
def neurons(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    return tf.nn.bias_add(tf.matmul(x, weight), bias)


try:
    got = neurons(tf.ones((1, 3)), tf.ones((3, 2)), tf.constant([1.0, 2.0, 3.0])).numpy().tolist()
except tf.errors.InvalidArgumentError as refusal:
    got = refusal.message
print("got  ", got)
print("right an error: two neurons have no third bias")
sys.exit(1 if not isinstance(got, str) else 0)
