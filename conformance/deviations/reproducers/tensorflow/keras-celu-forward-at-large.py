"""Forward mode of keras.activations.celu is NaN for a large negative x and an alpha below 1; the derivative is 0."""

import sys

import keras
import numpy as np
import tensorflow as tf

x = tf.constant(np.array([-1.07e38], "float32"))
with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as along:
    y = keras.activations.celu(x, alpha=0.5)
got = along.jvp(y).numpy()[0]
right = 0.0
print("got  ", got)
print("right", right)
sys.exit(int(np.isnan(got)))
