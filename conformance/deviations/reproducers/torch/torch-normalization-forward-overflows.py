"""The tangent of layer norm of a constant sample is NaN in float16: rstd^3 = 3.2e7 overflows."""

import sys

import torch
from torch.autograd import forward_ad

x, t = torch.zeros(2, dtype=torch.float16), torch.tensor([1.0, -1.0], dtype=torch.float16)
with forward_ad.dual_level():
    y = torch.nn.functional.layer_norm(forward_ad.make_dual(x, t), [2], eps=1e-5)
    got = forward_ad.unpack_dual(y).tangent
print("got  ", got.tolist())
print("right", [1e-5**-0.5, -(1e-5**-0.5)])
sys.exit(not bool(torch.isfinite(got).all()))
