"""In a tf.function the product, bias and relu of neurons are fused, and relu of NaN is 0; eager it is NaN."""

import sys

import numpy as np
import tensorflow as tf

x = tf.constant(np.array([[np.nan, 1.0], [1.0, 2.0]], "float32"))
weight, bias = tf.constant(np.eye(2, dtype="float32")), tf.zeros(2)


@tf.function
def neurons(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.relu(tf.nn.bias_add(tf.linalg.matmul(x, weight), bias))


got = neurons(x).numpy()
right = tf.nn.relu(tf.nn.bias_add(tf.linalg.matmul(x, weight), bias)).numpy()
print("got  ", got[0])
print("right", right[0])
sys.exit(int(np.isnan(right[0, 0]) and not np.isnan(got[0, 0])))
