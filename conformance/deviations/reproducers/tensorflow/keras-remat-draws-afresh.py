"""A Dropout of keras.RematScope has another mask in its gradient than in its output."""

import sys

import keras
import tensorflow as tf

with keras.RematScope(mode="full"):
    dropout = keras.layers.Dropout(0.5, seed=1)
x = tf.ones(64)
with tf.GradientTape() as tape:
    tape.watch(x)
    y = dropout(x, training=True)
got = tape.gradient(y, x).numpy().tolist()
right = y.numpy().tolist()
print("got  ", got)
print("right", right)
sys.exit(int(got != right))
