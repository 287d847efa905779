"""The gradient of selu takes its branch from the rounded output, and the wrong one just below zero."""

import sys

import numpy as np
import tensorflow as tf

x = tf.constant([-1e-8], tf.float32)
with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.nn.selu(x)
got = tape.gradient(y, x).numpy()
right = 1.0507009873554805 * 1.6732632423543772 * np.exp(x.numpy())
print("got  ", got)
print("right", right)
sys.exit(1 if np.abs(got - right) > 0.01 else 0)
