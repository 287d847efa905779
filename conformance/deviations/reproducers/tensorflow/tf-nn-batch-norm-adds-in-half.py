"""The gradient of beta is summed in float16: of 3000 ones it is 2048."""

import sys

import tensorflow as tf

x, beta = tf.zeros((3000, 2), tf.float16), tf.zeros(2, tf.float16)
with tf.GradientTape() as tape:
    tape.watch(beta)
    y = tf.nn.batch_normalization(x, tf.zeros(2, tf.float16), tf.ones(2, tf.float16), beta, None, 1e-3)
got = float(tape.gradient(y, beta)[0])
right = 3000.0
print("got  ", got)
print("right", right)
sys.exit(1 if abs(got - right) > 2 else 0)
