"""Batch norm of a million values a channel, mean 10,000 and deviation 1: with two channels side by side it is wrong."""

import sys

import numpy as np
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(1)
x = (1e4 + np.random.default_rng(0).standard_normal((256, 64, 64, 2))).astype("float32")
mean, variance = tf.nn.moments(tf.constant(x), [0, 1, 2])
y = tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3).numpy()[..., 0].astype("float64")
got = float(mean[0]), float(y.std())
right = float(x[..., 0].astype("float64").mean()), 1.0
print("got  ", *got, "mean, deviation of y")
print("right", *right)
sys.exit(int(abs(got[1] - 1) > 0.1))
