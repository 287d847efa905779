"""Compiled, torch.nn.Dropout takes a rate of NaN, which eager code refuses."""

import sys

import torch

dropout = torch.compile(torch.nn.Dropout(float("nan")), fullgraph=True)
try:
    got = dropout(torch.ones(2, 3, requires_grad=True)).tolist()
except Exception as error:
    got = f"{type(error).__name__}: {error}"[:200]
print("got  ", got)
print("right", "an error, as from torch.nn.Dropout(float('nan'))(x)")
sys.exit(int(isinstance(got, list)))
