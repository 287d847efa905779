"""batch_norm takes a momentum of 2, which makes the running variance negative."""

import sys

import torch
from torch.nn import functional

mean, var = torch.zeros(1), torch.ones(1)
try:
    functional.batch_norm(torch.tensor([[0.0], [0.5]]), mean, var, training=True, momentum=2.0)
except (RuntimeError, ValueError) as error:
    print(error)
print("got   a running variance of", var.item())
print("right an error: momentum lies between 0 and 1")
sys.exit(var.item() < 0)
