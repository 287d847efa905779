"""hardswish multiplies x by 6 before it divides by 6, and overflows."""

import sys

import torch
from torch.nn import functional

got = [functional.hardswish(torch.tensor([1e38])).item()]
got.append(functional.hardswish(torch.tensor([1e308], dtype=torch.float64)).item())
print("got  ", got, "in float32 and float64")
print("right", [1e38, 1e308])
sys.exit(got == [float("inf")] * 2)
