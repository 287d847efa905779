"""The gradient of mish is NaN where dy x overflows."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch

x = torch.tensor([3e38], dtype=torch.float32, requires_grad=True)
y = keras.activations.mish(x)
(dx,) = torch.autograd.grad(y, x, torch.full_like(y, 2))
got = float(dx[0])
print("got  ", got)
print("right 2.0")
sys.exit(int(got != 2))
