"""The gradient of hardsigmoid in float64 is the float32 number nearest to 1/6."""

import sys

import torch
from torch.nn import functional

x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
functional.hardsigmoid(x).backward()
print("got  ", x.grad.item())
print("right", 1 / 6)
sys.exit(abs(x.grad.item() - 1 / 6) > 1e-12)
