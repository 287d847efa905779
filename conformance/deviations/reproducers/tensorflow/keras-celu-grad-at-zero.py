"""The gradient of celu at 0 is 2: both of its branches pass it, and celu is smooth there."""

import sys

import keras
import numpy as np
import tensorflow as tf

x = tf.constant([0.0])
with tf.GradientTape() as tape:
    tape.watch(x)
    y = keras.activations.celu(x)
got = tape.gradient(y, x).numpy()
right = np.array([1.0])
print("got  ", got)
print("right", right)
sys.exit(1 if got != right else 0)
