"""Compiled, batch norm learns a mean of NaN from a channel with an infinity, of which the mean is infinite."""

import math
import sys

import torch

x = torch.ones(5, 2, 7, 5)
x[0, 1, 0, 0] = -math.inf
found = []
for compiled in (False, True):
    layer = torch.nn.BatchNorm2d(2)
    (torch.compile(layer, fullgraph=True, dynamic=True) if compiled else layer)(x)
    found.append(layer.running_mean[1].item())
print("got  ", found[1], "compiled;", found[0], "eagerly")
print("right", -math.inf)
sys.exit(int(found == [-math.inf, found[1]] and math.isnan(found[1])))
