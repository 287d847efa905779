"""A Dropout of keras.RematScope has another mask in its gradient than in its output."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch

with keras.RematScope(mode="full"):
    dropout = keras.layers.Dropout(0.5, seed=1)
x = torch.ones(64, requires_grad=True)
y = dropout(x, training=True)
got = torch.autograd.grad(y.sum(), x)[0].tolist()
right = y.tolist()
print("got  ", got)
print("right", right)
sys.exit(int(got != right))
