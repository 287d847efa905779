"""gelu(x) is inf from half of the largest number on, where it is x, in tensors of more than one element."""

import sys

import torch
from torch.nn import functional

x = torch.full((2,), 3e38)
got = functional.gelu(x)
print("got  ", got.tolist())
print("right", x.tolist())
sys.exit(not torch.isfinite(got).all())
