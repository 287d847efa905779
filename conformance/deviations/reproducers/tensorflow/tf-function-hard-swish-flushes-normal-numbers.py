"""In a tf.function hard_swish of 7e-38 is 0 in float32, and it is 3.5e-38, three times the smallest normal number."""

import sys

import keras
import numpy as np
import tensorflow as tf

x = np.full((1, 1), 7.016232e-38, "float32")
signature = [{"x": tf.TensorSpec([None, None], tf.float32)}]
traced = tf.function(lambda given: keras.activations.hard_swish(given["x"]), input_signature=signature)
got = traced({"x": tf.constant(x)}).numpy()[0, 0]
right = x[0, 0] / np.float32(2)
print("got  ", got)
print("right", right)
sys.exit(int(got == 0))
