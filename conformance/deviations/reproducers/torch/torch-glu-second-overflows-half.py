"""The second derivative of glu in float16 is infinite: x dy = 80395 is formed before the gate's derivative."""

import math
import sys

import torch

x = torch.tensor([42180.0, 1.0], dtype=torch.float16, requires_grad=True)
found = []
for each in (x, x.detach().double().requires_grad_()):
    y = torch.nn.functional.glu(each)
    (dx,) = torch.autograd.grad(y, each, torch.full_like(y, 1.906), create_graph=True)
    (dxx,) = torch.autograd.grad(dx, each, torch.tensor([0.3457, 0.822], dtype=each.dtype))
    found.append(dxx[1].item())
print("got  ", found[0])
print("right", found[1])
sys.exit(math.isinf(found[0]))
