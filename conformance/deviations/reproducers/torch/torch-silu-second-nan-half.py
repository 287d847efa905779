"""The second derivative of silu in float16 multiplies x by dy first: infinity, which 1 - sigmoid(x) = 0 makes NaN."""

import math
import sys

import torch

x = torch.tensor([65504.0], dtype=torch.float16, requires_grad=True)
dy = torch.tensor([3.0], dtype=torch.float16)
(dx,) = torch.autograd.grad(torch.nn.functional.silu(x), x, dy, create_graph=True)
got = torch.autograd.grad(dx, x)[0].item()
print("got  ", got)
print("right", 0.0)
sys.exit(math.isnan(got))
