"""The gradient of layer normalization's bias is a running sum in float32 over the samples: it stands still at 2^24."""

import sys

import torch

torch.set_num_threads(1)  # each thread has a running sum of its own
samples = 17 * 2**20
bias = torch.zeros(1, requires_grad=True)
y = torch.nn.functional.layer_norm(torch.ones(samples, 1), (1,), torch.ones(1), bias)
y.backward(torch.ones(samples, 1))
print("got  ", bias.grad.item())
print("right", float(samples))
sys.exit(1 if bias.grad.item() != samples else 0)
