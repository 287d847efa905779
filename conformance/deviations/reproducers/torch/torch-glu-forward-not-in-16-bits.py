"""Forward mode of glu is not implemented in float16 on the CPU, though value and gradient are."""

import sys

import torch
from torch.autograd import forward_ad

x = torch.tensor([1.0, 0.0], dtype=torch.float16)
with forward_ad.dual_level():
    try:
        y = torch.nn.functional.glu(forward_ad.make_dual(x, torch.ones_like(x)))
        got = str(forward_ad.unpack_dual(y).tangent.item())
    except NotImplementedError as error:
        got = str(error)
print("got  ", got)
print("right", 0.75)
sys.exit("not implemented" in got)
