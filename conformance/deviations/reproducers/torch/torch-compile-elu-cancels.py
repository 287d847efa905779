"""Compiled, elu, celu and selu of small negative numbers have few digits: expm1 is written as exp(x) - 1."""

import math
import sys

import torch

scale, alpha = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
right = math.expm1(-1e-6)
differing = []
for layer, factor in ((torch.nn.ELU(), 1.0), (torch.nn.CELU(), 1.0), (torch.nn.SELU(), scale * alpha)):
    got = torch.compile(layer, fullgraph=True)(torch.full((33,), -1e-6))[0].item()
    print("got  ", type(layer).__name__, got)
    print("right", type(layer).__name__, factor * right)
    differing.append(abs(got / (factor * right) - 1) > 1e-3)
sys.exit(all(differing))
