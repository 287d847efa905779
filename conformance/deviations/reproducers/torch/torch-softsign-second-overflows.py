"""The second derivative of softsign is the rounding error of terms that cancel, each far larger than the answer."""

import sys

import torch

x = torch.logspace(100, 121, 100, dtype=torch.float64, requires_grad=True)
(dx,) = torch.autograd.grad(torch.nn.functional.softsign(x), x, torch.full_like(x, 0.09), create_graph=True)
(got,) = torch.autograd.grad(dx, x, torch.ones_like(x))
right = -0.18 / (1 + x.detach()) ** 3
index = int((got - right).abs().argmax())
print("got  ", got[index].item(), "at", x[index].item())
print("right", right[index].item())
sys.exit((got - right).abs().max().item() > 1e-300)
