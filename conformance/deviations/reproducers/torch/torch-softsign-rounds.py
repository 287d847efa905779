"""softsign in bfloat16 is composed of operations that round to bfloat16 each."""

import sys

import torch
from torch.nn import functional

x = 1.2265625
got = functional.softsign(torch.tensor([x], dtype=torch.bfloat16)).item()
print("got  ", got)
print("right", x / (1 + x))
sys.exit(abs(got - x / (1 + x)) > 2**-9)
