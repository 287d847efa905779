"""The gradient of hard_swish at an infinity is NaN: the rule for products takes infinity times the slope 0."""

import sys

import keras
import numpy as np
import tensorflow as tf

x = tf.constant([np.inf, -np.inf])
with tf.GradientTape() as tape:
    tape.watch(x)
    y = keras.activations.hard_swish(x)
got = tape.gradient(y, x).numpy()
right = np.array([1.0, 0.0])
print("got  ", got)
print("right", right)
sys.exit(1 if np.isnan(got).any() else 0)
