"""torch.batch_norm trains on one value a channel, which makes the running variance NaN."""

import sys

import torch

var = torch.ones(1)
try:
    torch.batch_norm(torch.ones(1, 1), None, None, torch.zeros(1), var, True, 0.1, 1e-5, False)
except (RuntimeError, ValueError) as error:
    print(error)
print("got  ", var.item())
print("right an error, as of nn.functional.batch_norm, or a finite number")
sys.exit(var.isnan().item())
