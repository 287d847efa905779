"""The gradient of a bias before a tanh is formed as 1 - t^2 from the rounded t: of seven digits three are left."""

import sys

import numpy as np
import torch

layers = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Tanh())
with torch.no_grad():
    layers[0].weight.fill_(1.0)
    layers[0].bias.fill_(6.0)
layers(torch.zeros(1, 1)).backward(torch.ones(1, 1))
got = float(layers[0].bias.grad)
right = float(1 / np.cosh(6.0) ** 2)
print(f"got   db = {got!r}")
print(f"right db = {right!r}")
sys.exit(1 if abs(got - right) > 1e-5 * right else 0)
