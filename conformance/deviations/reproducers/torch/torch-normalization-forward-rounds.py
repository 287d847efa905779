"""The tangent of layer norm in bfloat16 is composed of operations that are each rounded to 8 bits."""

import sys

import torch
from torch.autograd import forward_ad


def tangent(dtype: torch.dtype) -> torch.Tensor:
    x = torch.linspace(-2, 3, 16, dtype=torch.bfloat16).to(dtype)
    t = torch.linspace(1, -2, 16, dtype=torch.bfloat16).square().to(torch.bfloat16).to(dtype)
    with forward_ad.dual_level():
        y = torch.nn.functional.layer_norm(forward_ad.make_dual(x, t), [16])
        return forward_ad.unpack_dual(y).tangent.double()


got, right = tangent(torch.bfloat16), tangent(torch.float64)
index = int((got - right).abs().argmax())
print("got  ", got[index].item())
print("right", right[index].item())
# A result that is computed in float32 and rounded once is within 2^-8 of its size, and a little of the largest.
sys.exit(bool(((got - right).abs() > right.abs() / 128 + 1e-5 * right.abs().max()).any()))
