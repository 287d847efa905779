"""The gradient of celu in float64 has the digits of a float32: 1 / alpha goes through one."""

import math
import sys

import torch
from torch.nn import functional

x = torch.tensor([-1.0], dtype=torch.float64, requires_grad=True)
functional.celu(x, 0.3).backward()
right = math.exp(-1.0 / 0.3)
print("got  ", x.grad.item())
print("right", right)
sys.exit(abs(x.grad.item() / right - 1) > 1e-12)
