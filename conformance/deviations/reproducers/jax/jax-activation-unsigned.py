"""Activations of unsigned numbers wrap around: softmax is NaN, log_sigmoid(3) is -253."""

import sys

import jax
import numpy as np

x = np.array([[3, 1], [250, 0]], "uint8")
functions = jax.nn.log_sigmoid, jax.nn.hard_tanh, jax.nn.softmax, jax.nn.log_softmax
got, right = (np.concatenate([function(each) for function in functions]).tolist() for each in (x, x.astype("float32")))
print("got  ", got)
print("right", right)
sys.exit(not np.allclose(got, right))
