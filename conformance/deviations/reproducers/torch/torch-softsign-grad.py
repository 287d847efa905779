"""The gradient of softsign subtracts nearly equal numbers, and is off by its whole size for large x."""

import sys

import torch
from torch.nn import functional

x = torch.tensor([1e6, 1e25], requires_grad=True)
functional.softsign(x).sum().backward()
right = [1 / (1 + 1e6) ** 2, 0.0]
print("got  ", x.grad.tolist(), "at 1e6 and 1e25")
print("right", right, "(the second, 1e-50, is below the smallest float32)")
sys.exit(abs(x.grad[0].item() / right[0] - 1) > 1e-5 and x.grad[1].item() > 1e-30)
