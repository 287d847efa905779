"""In tf.function a layer of keras.RematScope takes no training=True."""

import sys

import keras
import tensorflow as tf

with keras.RematScope(mode="full"):
    dropout = keras.layers.Dropout(0.5, seed=1)
call = tf.function(lambda x: dropout(x, training=True))
try:
    got = call(tf.ones((2, 3))).shape
except ValueError as error:
    got = " ".join(str(error).split())[:200]
print("got  ", got)
print("right", tf.TensorShape((2, 3)))
sys.exit(int(isinstance(got, str)))
