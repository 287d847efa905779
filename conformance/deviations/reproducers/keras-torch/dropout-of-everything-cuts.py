"""Dropout(1.0) cuts its input off: there is no gradient of 0, but an error."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch

x = torch.ones(2, 3, requires_grad=True)
y = keras.layers.Dropout(1.0)(x, training=True)
try:
    got = torch.autograd.grad(y.sum(), x)[0].tolist()
except RuntimeError as error:
    got = error
print("got  ", got)
print("right", torch.zeros(2, 3).tolist())
sys.exit(int(isinstance(got, RuntimeError)))
