"""The second derivative of mish is NaN from where exp(x) overflows."""

import math
import sys

import torch

found = []
for dtype, value in ((torch.float16, 12.0), (torch.float32, 100.0), (torch.float64, 720.0)):
    x = torch.tensor([value], dtype=dtype, requires_grad=True)
    (dx,) = torch.autograd.grad(torch.nn.functional.mish(x), x, torch.ones_like(x), create_graph=True)
    found.append(torch.autograd.grad(dx, x)[0].item())
print("got  ", found)
print("right", [0.0, 0.0, 0.0], "to all digits of the dtype")
sys.exit(any(math.isnan(value) for value in found))
