"""Batch norm of 65,536 values a channel, mean 10,000 and deviation 1: wrong with channels last in memory alone."""

import sys

import numpy as np
import torch

x = (1e4 + np.random.default_rng(0).standard_normal((16, 2, 64, 64))).astype("float32")
torch.set_num_threads(1)
found = {}
for memory in (torch.contiguous_format, torch.channels_last):
    given = torch.from_numpy(x).contiguous(memory_format=memory)
    mean, variance = torch.zeros(2), torch.zeros(2)
    y = torch.nn.functional.batch_norm(given, mean, variance, training=True, momentum=1.0)
    found[memory] = float(variance[0]), float(y[:, 0].double().std())
print("got  ", *found[torch.channels_last], "with channels last: variance, deviation of y")
print("right", float(x[:, 0].astype("float64").var(ddof=1)), 1.0)
print("channels first", *found[torch.contiguous_format])
sys.exit(int(abs(found[torch.channels_last][1] - 1) > 0.1))
