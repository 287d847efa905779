"""batch_norm takes an epsilon of NaN and answers NaN."""

import math
import sys

import torch
from torch.nn import functional

x = torch.tensor([[1.0], [3.0]])
try:
    got = functional.batch_norm(x, None, None, training=True, eps=math.nan).flatten().tolist()
except (RuntimeError, ValueError) as error:
    got = str(error)
print("got  ", got)
print("right an error, as for eps = 0")
sys.exit(not isinstance(got, str))
