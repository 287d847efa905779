"""The gradient of PReLU at 0 is 0, and its one-sided derivatives are alpha and 1."""

import sys

import keras
import tensorflow as tf

layer = keras.layers.PReLU(alpha_initializer=keras.initializers.Constant(0.25))
x = tf.constant([[0.0]])
with tf.GradientTape() as tape:
    tape.watch(x)
    y = layer(x)
got = tape.gradient(y, x).numpy()
right = "between 0.25 and 1"
print("got  ", got)
print("right", right)
sys.exit(1 if not 0.25 <= got[0, 0] <= 1 else 0)
