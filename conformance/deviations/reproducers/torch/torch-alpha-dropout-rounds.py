"""alpha_dropout rounds scale, product and shift to the dtype of x, where their sum nearly cancels."""

import sys

import torch

ones = torch.ones(64)
torch.manual_seed(1)
got = torch.nn.functional.alpha_dropout(-ones.bfloat16(), 0.5, training=True).float().max().item()
torch.manual_seed(1)
right = torch.nn.functional.alpha_dropout(-ones.double(), 0.5, training=True).max().item()
print("got  ", got)
print("right", right, "+- 0.0002, half a unit in the last place of bfloat16")
sys.exit(int(abs(got - right) > 0.001))
