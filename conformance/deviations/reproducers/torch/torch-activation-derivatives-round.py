"""The tangent of silu in bfloat16 is composed of operations that are each rounded to 8 bits."""

import math
import sys

import torch
from torch.autograd import forward_ad

x = torch.linspace(-4, 4, 65, dtype=torch.bfloat16)
with forward_ad.dual_level():
    y = torch.nn.functional.silu(forward_ad.make_dual(x, torch.ones_like(x)))
    got = forward_ad.unpack_dual(y).tangent.double()
s = torch.sigmoid(x.double())
right = s * (1 + x.double() * (1 - s))
index = int(((got - right) / right).abs().argmax())
print("got  ", got[index].item(), "at", x[index].item())
print("right", right[index].item())
# A result that is computed in float32 and rounded once is within 2^-8 of its size.
sys.exit(bool((abs(got - right) > 1.01 * math.ldexp(1, -8) * right.abs()).any()))
