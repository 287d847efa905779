"""The gradient of glu in float16 is formed from 16-bit intermediate results, subnormal ones among them."""

import sys

import keras
import numpy as np
import tensorflow as tf

x = tf.constant([[1000.0, -16.75]], tf.float16)
with tf.GradientTape() as tape:
    tape.watch(x)
    y = keras.activations.glu(x)
got = tape.gradient(y, x).numpy()[0].astype(float)
s = 1 / (1 + np.exp(-x.numpy()[0, 1].astype(float)))
right = np.array([s, 1000.0 * s * (1 - s)])
print("got  ", got)
print("right", right)
sys.exit(1 if np.abs(got - right)[1] > 0.1 * right[1] else 0)
