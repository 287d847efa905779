"""The gradient of prelu's slope is NaN in float16 where single terms overflow and their sum does not."""

import sys

import torch

x = torch.tensor([-60000.0, -60000.0], dtype=torch.float16)
alpha = torch.tensor([0.25], dtype=torch.float16, requires_grad=True)
y = torch.nn.functional.prelu(x, alpha)
(got,) = torch.autograd.grad(y, alpha, torch.tensor([2.0, -2.0], dtype=torch.float16))
print("got  ", got.item())
print("right", 0.0)
sys.exit(not bool(torch.isfinite(got).all()))
