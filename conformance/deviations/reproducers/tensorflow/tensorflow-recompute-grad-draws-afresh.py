"""tf.recompute_grad draws another mask for the gradient than tf.nn.dropout had in the output."""

import sys

import tensorflow as tf

tf.random.set_seed(1)
x = tf.ones(64)
with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.recompute_grad(lambda x: tf.nn.dropout(x, 0.5, seed=1))(x)
got = tape.gradient(y, x).numpy().tolist()
right = y.numpy().tolist()
print("got  ", got)
print("right", right)
sys.exit(int(got != right))
