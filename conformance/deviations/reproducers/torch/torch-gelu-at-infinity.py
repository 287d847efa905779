"""gelu(inf) is inf in a tensor of one element and NaN in a longer one."""

import math
import sys

import torch
from torch.nn import functional

got = [functional.gelu(torch.full((length,), math.inf))[0].item() for length in (1, 2, 33)]
print("got  ", got, "in tensors of 1, 2 and 33 elements")
print("right", [math.inf] * 3)
sys.exit(any(math.isnan(each) for each in got))
