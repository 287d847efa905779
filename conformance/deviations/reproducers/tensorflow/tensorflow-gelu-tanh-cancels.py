"""The tanh approximation of gelu cancels for negative x: it is 0 where a normal number is right."""

import sys

import numpy as np
import tensorflow as tf

got = tf.nn.gelu(tf.constant([-6.0], tf.float32), approximate=True).numpy()
u = np.sqrt(2 / np.pi) * (-6.0 + 0.044715 * (-6.0) ** 3)
right = np.array([-6.0 / (1 + np.exp(-2 * u))])
print("got  ", got)
print("right", right)
sys.exit(1 if np.abs(got - right) > 0.1 * np.abs(right) else 0)
