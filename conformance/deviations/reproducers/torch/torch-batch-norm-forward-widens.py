"""With 16-bit x and float32 parameters the tangent of batch norm is float32, though y is 16-bit."""

import sys

import torch
from torch.autograd import forward_ad

x = torch.tensor([[0.0], [1.0]], dtype=torch.bfloat16)
with forward_ad.dual_level():
    dual = forward_ad.make_dual(x, torch.ones_like(x))
    y, tangent = forward_ad.unpack_dual(
        torch.nn.functional.batch_norm(dual, None, None, torch.ones(1), torch.zeros(1), training=True)
    )
print("got  ", tangent.dtype)
print("right", y.dtype)
sys.exit(tangent.dtype != y.dtype)
