"""The gradient of the sigmoid is formed as s (1 - s) from the rounded s, which is 0 for large x."""

import math
import sys

import torch

x = torch.tensor([12.0, 20.0], requires_grad=True)
torch.sigmoid(x).sum().backward()
right = [math.exp(-each) / (1 + math.exp(-each)) ** 2 for each in (12.0, 20.0)]
print("got  ", x.grad.tolist())
print("right", right)
sys.exit(any(abs(got / exact - 1) > 1e-5 for got, exact in zip(x.grad.tolist(), right, strict=True)))
