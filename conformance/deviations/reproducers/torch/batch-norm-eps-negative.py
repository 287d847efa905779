"""torch.batch_norm and torch.native_batch_norm take a negative epsilon, which nn.functional.batch_norm refuses."""

import sys

import torch

x, statistics = torch.tensor([[1.0], [1.0]]), (None, None)
got = []
for name, last in (("batch_norm", (False,)), ("native_batch_norm", ())):
    try:
        y = getattr(torch, name)(x, None, None, *statistics, True, 0.1, -1e-3, *last)
        got.append((y if name == "batch_norm" else y[0]).flatten().tolist())
    except (RuntimeError, ValueError) as error:
        print(error)
print("got  ", got)
print("right an error: eps must be positive")
sys.exit(len(got) == 2)
