"""layer_norm adds the gradient of its bias up in 16 bits, where the sum stops growing."""

import sys

import torch
from torch.nn import functional

got = {}
for dtype in (torch.bfloat16, torch.float16):
    gain, bias = torch.ones(4, dtype=dtype), torch.zeros(4, dtype=dtype, requires_grad=True)
    y = functional.layer_norm(torch.randn(3000, 4).to(dtype), [4], gain, bias)
    y.backward(torch.ones_like(y))
    got[dtype] = bias.grad[0].item()
print("got  ", got)
print("right 3000, to the dtype's rounding (3008 in bfloat16)")
sys.exit(any(abs(each - 3000) > 100 for each in got.values()))
