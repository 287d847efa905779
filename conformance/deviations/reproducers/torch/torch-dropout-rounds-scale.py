"""dropout rounds its scale to the dtype of x: in bfloat16 a rate of 0.1 scales by 1.109375."""

import sys

import torch
from torch.nn import functional

x = (1 + torch.arange(128) / 128).bfloat16()
y = functional.dropout(x, 0.1)
got = y[y != 0].tolist()
right = (x.double() / 0.9).bfloat16()[y != 0].tolist()
print("got  ", got[:4])
print("right", right[:4])
sys.exit(got != right)
