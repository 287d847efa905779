"""The gradients of hard_sigmoid and celu hold float32 constants in float64."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch

x = torch.tensor([1.0], dtype=torch.float64, requires_grad=True)
y = keras.activations.hard_sigmoid(x)
(dx,) = torch.autograd.grad(y, x, torch.full_like(y, 1))
hard_sigmoid = float(dx[0])
z = torch.tensor([-1.0], dtype=torch.float64, requires_grad=True)
celu = float(torch.autograd.grad(keras.activations.celu(z, alpha=0.3)[0], z)[0])
print("got  ", hard_sigmoid, celu)
print("right", 1 / 6, np.exp(-1 / 0.3))
sys.exit(int(abs(hard_sigmoid - 1 / 6) > 1e-12 and abs(celu - np.exp(-1 / 0.3)) > 1e-12))
