"""Gradients are formed from outputs that were rounded to 16 bits."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch

x = torch.tensor([7.0], dtype=torch.bfloat16, requires_grad=True)
y = keras.activations.sigmoid(x)
(dx,) = torch.autograd.grad(y, x, torch.full_like(y, 1))
got, right = float(dx[0]), np.exp(-7.0) / (1 + np.exp(-7.0)) ** 2
print("got   sigmoid'(7) =", got)
print("right", right)
sys.exit(int(abs(got - right) > 0.1 * right))
