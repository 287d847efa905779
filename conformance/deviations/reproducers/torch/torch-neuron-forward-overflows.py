"""The tangent of relu(W x) is NaN in float16 where the tangent of W x overflows and the neuron is off."""

import sys

import torch
from torch.autograd import forward_ad

x, weight = torch.tensor([-1e4], dtype=torch.float16), torch.ones(1, 1, dtype=torch.float16)
with forward_ad.dual_level():
    along = torch.full_like(weight, 8)  # the direction of the weight: 8 x is beyond float16
    z = torch.nn.functional.linear(x, forward_ad.make_dual(weight, along))
    got = forward_ad.unpack_dual(torch.sigmoid(z)).tangent.item()
print("got  ", got)
print("right", 0.0)
sys.exit(got != got)
