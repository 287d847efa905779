"""The gradient of softmax in bfloat16 is formed from rounded probabilities and sums."""

import sys

import numpy as np
import tensorflow as tf

x, dy = tf.constant([[0.0, 1.3, 17.2, 20.5]], tf.bfloat16), tf.constant([[0.3, -1.7, 0.9, 1.1]], tf.bfloat16)
with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.nn.softmax(x)
got = tape.gradient(y, x, output_gradients=dy).numpy()[0].astype(float)
p = np.exp(x.numpy()[0].astype(float) - 20.5)
p /= p.sum()
g = dy.numpy()[0].astype(float)
right = p * (g - p @ g)
print("got  ", got)
print("right", right)
sys.exit(1 if (np.abs(got - right) > 2**-6 * np.abs(right)).any() else 0)
