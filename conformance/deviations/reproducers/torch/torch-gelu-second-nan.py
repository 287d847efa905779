"""The second derivative of gelu at a large x is NaN: x^2 overflows and is multiplied by exp(-x^2 / 2) = 0."""

import math
import sys

import torch

found = []
for dtype, value in ((torch.float32, 2e19), (torch.float64, 2e154)):
    x = torch.tensor([value], dtype=dtype, requires_grad=True)
    (dx,) = torch.autograd.grad(torch.nn.functional.gelu(x), x, torch.ones_like(x), create_graph=True)
    found.append(torch.autograd.grad(dx, x)[0].item())
print("got  ", found)
print("right", [0.0, 0.0])
sys.exit(any(math.isnan(value) for value in found))
