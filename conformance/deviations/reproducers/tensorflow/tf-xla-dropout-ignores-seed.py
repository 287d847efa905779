"""Compiled by XLA tf.nn.dropout ignores its seed: two functions with one seed give two masks."""

import sys

import tensorflow as tf

masks = []
for _ in range(2):
    tf.random.set_seed(1)
    drop = tf.function(lambda x: tf.nn.dropout(x, 0.5, seed=1), jit_compile=True)
    masks.append(drop(tf.ones(64)).numpy() != 0)
got = [mask.astype(int).tolist() for mask in masks]
right = "the same mask twice"
print("got  ", got)
print("right", right)
sys.exit(1 if (masks[0] != masks[1]).any() else 0)
