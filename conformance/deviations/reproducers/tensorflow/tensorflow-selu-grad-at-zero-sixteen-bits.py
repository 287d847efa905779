"""The gradient of selu takes its branch from the output, and exp(x) - 1 is 0 in bfloat16 down to -0.002."""

import sys

import numpy as np
import tensorflow as tf

x = tf.constant([-0.0015], tf.bfloat16)
with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.nn.selu(x)
got = tape.gradient(y, x).numpy().astype(float)
right = 1.0507009873554805 * 1.6732632423543772 * np.exp(x.numpy().astype(float))
print("got  ", got)
print("right", right)
sys.exit(1 if np.abs(got - right) > 0.1 else 0)
