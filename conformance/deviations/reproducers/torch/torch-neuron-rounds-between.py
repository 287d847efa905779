"""A neuron in bfloat16 rounds its weighted sum before the activation sees it."""

import math
import sys

import torch

x, weight = torch.tensor([[1.0, 0.01]], dtype=torch.bfloat16), torch.tensor([[2.0, 0.5]], dtype=torch.bfloat16)
got = torch.sigmoid(-torch.nn.functional.linear(x, 4 * weight)).item()
sum_ = 4 * (2.0 + 0.5 * x[0, 1].item())
right = torch.tensor(1 / (1 + math.exp(sum_))).to(torch.bfloat16).item()
print("got  ", got)
print("right", right)
sys.exit(got != right)
