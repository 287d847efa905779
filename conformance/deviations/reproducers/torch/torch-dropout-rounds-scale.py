"""dropout rounds its scale to the dtype of x: in bfloat16 a rate of 0.1 scales by 1.109375."""

import sys

import torch
from torch.nn import functional

x = torch.full((1000,), 1.0078125, dtype=torch.bfloat16)
got = functional.dropout(x, 0.1).max().item()
right = (1.0078125 / torch.tensor(0.9, dtype=torch.float64)).to(torch.bfloat16).item()
print("got  ", got)
print("right", right)
sys.exit(got != right)
