"""In a graph on the CPU mish is one operation of oneDNN, which cancels for negative x."""

import sys

import keras
import numpy as np
import tensorflow as tf

function = tf.function(keras.activations.mish, input_signature=[tf.TensorSpec([None], tf.float32)])
got = function(tf.constant([-4.6875, -54.8, 1.0], tf.float32)).numpy()[:2]
given = np.array([-4.6875, -54.8])
right = given * np.tanh(np.log1p(np.exp(given)))
print("got  ", got)
print("right", right)
sys.exit(1 if (np.abs(got - right) > 5e-6 * np.abs(right)).all() else 0)
