"""The tangent of log_softmax in bfloat16 subtracts a rounded sum: off by more than its rounding, far inputs or near."""

import sys

import torch
from torch.autograd import forward_ad

x = torch.tensor([0.0, -100.0, 2.0], dtype=torch.bfloat16)
t = torch.tensor([-1.8125, 0.35, -1.046875], dtype=torch.bfloat16)
with forward_ad.dual_level():
    y = torch.log_softmax(forward_ad.make_dual(x, t), 0)
    got = forward_ad.unpack_dual(y).tangent.double()
right = t.double() - (torch.softmax(x.double(), 0) * t.double()).sum()
print("got  ", got.tolist())
print("right", right.tolist())
sys.exit(((got - right) / right).abs().max().item() > 0.05)
