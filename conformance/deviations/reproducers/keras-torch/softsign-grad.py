"""The derivative of softsign is a difference of nearly equal terms, one of which overflows."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch

x = torch.tensor([1e8, 1e20], dtype=torch.float32, requires_grad=True)
y = keras.activations.softsign(x)
(dx,) = torch.autograd.grad(y, x, torch.full_like(y, 1))
got, right = [float(each) for each in dx], [1e-16, 1e-40]
print("got  ", got)
print("right", right)
sys.exit(int(abs(got[0] - right[0]) > 1e-3 * right[0]))
