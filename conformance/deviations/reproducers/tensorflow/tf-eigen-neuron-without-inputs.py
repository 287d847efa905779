"""In a graph without oneDNN a neuron without inputs answers 0, where eager it answers its bias."""

import sys

import tensorflow as tf


@tf.function(input_signature=[tf.TensorSpec([None, None]), tf.TensorSpec([None, None]), tf.TensorSpec([None])])
def neurons(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    return tf.nn.bias_add(tf.matmul(x, weight), bias)


got = neurons(tf.zeros((1, 0)), tf.zeros((0, 2)), tf.constant([1.0, 2.0])).numpy().tolist()
right = [[1.0, 2.0]]
print("got  ", got)
print("right", right)
sys.exit(1 if got != right else 0)
