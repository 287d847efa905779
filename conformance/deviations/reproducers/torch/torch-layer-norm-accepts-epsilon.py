"""layer_norm takes a negative epsilon and one of NaN, and answers NaN."""

import math
import sys

import torch
from torch.nn import functional

got = []
for eps in (-1.0, math.nan):
    try:
        got.append(functional.layer_norm(torch.tensor([[1.0, 1.5]]), [2], eps=eps).tolist())
    except (RuntimeError, ValueError) as error:
        print(error)
print("got  ", got)
print("right an error for each")
sys.exit(len(got) == 2)
