"""Exact gelu loses every digit for large negative x: it adds 1 and erf, which are nearly opposite."""

import math
import sys

import torch
from torch.nn import functional

x = torch.tensor([-6.0], requires_grad=True)
y = functional.gelu(x)
y.backward()
right = -6.0 * math.erfc(6.0 / math.sqrt(2)) / 2
slope = right / -6.0 - 6.0 * math.exp(-18.0) / math.sqrt(2 * math.pi)
print("got  ", y.item(), "with the gradient", x.grad.item())
print("right", right, "with the gradient", slope)
sys.exit(abs(y.item() / right - 1) > 1e-5)
