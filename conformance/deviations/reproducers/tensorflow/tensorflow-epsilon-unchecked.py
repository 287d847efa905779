"""A negative epsilon is taken without a word, and gives NaN where the variance is smaller."""

import sys

import keras
import numpy as np
import tensorflow as tf

x = tf.constant([[1.0, 10.0], [2.0, 20.0]])
mean, variance = tf.nn.moments(x, [0])
functional = tf.nn.batch_normalization(x, mean, variance, None, None, -1.0)
layer = keras.layers.BatchNormalization(epsilon=-1.0)
got = np.stack([functional.numpy(), layer(x, training=True).numpy()])
right = "an error: epsilon is negative"
print("got  ", got)
print("right", right)
sys.exit(1 if np.isnan(got).any() else 0)
