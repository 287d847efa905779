"""The tangent of layer norm loses the variance's share where the deviation is large: rstd^3 underflows."""

import sys

import torch
from torch.autograd import forward_ad

found, share = [], []
for dtype, size in ((torch.float32, 2.0**50), (torch.float64, 2.0**400)):
    x, t = torch.tensor([0.0, 2 * size], dtype=dtype), torch.tensor([1.0, -1.0], dtype=dtype)
    with forward_ad.dual_level():
        y = torch.nn.functional.layer_norm(forward_ad.make_dual(x, t), [2])
        found.append(forward_ad.unpack_dual(y).tangent[0].item())
    share.append(1 / size)  # what the share of the variance, -1/size, has to cancel: y is [-1, 1] for any such x
print("got  ", found)
print("right", [0.0, 0.0])
sys.exit(any(abs(got) > 0.01 * size for got, size in zip(found, share, strict=True)))
