"""PReLU passes no gradient at 0, where its one-sided derivatives are alpha and 1."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch

layer = keras.layers.PReLU(alpha_initializer=keras.initializers.Constant(0.25))
layer.build((1, 1))
x = torch.tensor([[0.0]], dtype=torch.float32, requires_grad=True)
y = layer(x)
(dx,) = torch.autograd.grad(y, x, torch.full_like(y, 1))
got = float(dx[0, 0])
print("got  ", got)
print("right between 0.25 and 1.0")
sys.exit(int(not 0.25 <= got <= 1))
