"""The gradient of glu in float16 is formed from float16 intermediate results."""

import sys

import torch
from torch.nn import functional

found = []
for dtype in (torch.float16, torch.float64):
    x = torch.tensor([-4000.0, -17.234375], dtype=dtype, requires_grad=True)
    functional.glu(x).backward()
    found.append(x.grad[1].item())
print("got  ", found[0])
print("right", found[1])
sys.exit(abs(found[0] / found[1] - 1) > 0.1)
