"""A batch that batch norm refuses is counted: the cumulative average of one batch is not that batch's mean."""

import contextlib
import sys

import torch

layer = torch.nn.BatchNorm1d(1, momentum=None)
with contextlib.suppress(ValueError):
    layer(torch.ones(1, 1))  # refused: one value a channel
layer(torch.tensor([[3.0], [5.0]]))
got = layer.running_mean.item()
print("got   ", got, "after", layer.num_batches_tracked.item(), "batches")
print("right ", 4.0, "after 1 batch")
sys.exit(0 if got == 4.0 else 1)
