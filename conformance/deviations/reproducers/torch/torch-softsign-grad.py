"""The gradient of softsign subtracts nearly equal numbers, and is off by its whole size for large x."""

import sys

import torch
from torch.nn import functional

x = torch.cat([torch.tensor([1e6]), torch.logspace(20, 30, 1000)]).requires_grad_()
functional.softsign(x).backward(torch.full((1001,), 1.7))
right = 1.7 / (1 + x.detach().double()) ** 2
far = x.grad.abs() > 1e-38
print("got  ", x.grad[0].item(), "at 1e6, and", x.grad[far].tolist()[:2], "at", x[far].tolist()[:2])
print("right", right[0].item(), "and", right[far].tolist()[:2])
sys.exit(abs(x.grad[0] / right[0] - 1).item() > 1e-5 and far[1:].any().item())
