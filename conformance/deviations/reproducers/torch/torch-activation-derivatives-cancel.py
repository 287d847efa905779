"""The tangent of sigmoid at 17 is 0 in float32: s (1 - s) is formed from the rounded s."""

import math
import sys

import torch
from torch.autograd import forward_ad

with forward_ad.dual_level():
    y = torch.sigmoid(forward_ad.make_dual(torch.tensor([17.0]), torch.ones(1)))
    got = forward_ad.unpack_dual(y).tangent.item()
right = math.exp(-17) / (1 + math.exp(-17)) ** 2
print("got  ", got)
print("right", right)
sys.exit(abs(got / right - 1) > 1e-5)
