"""The second derivative of a normalization of constant data is NaN in float16, where it is 0."""

import sys

import torch

x = torch.tensor([[204.75], [205.75]], dtype=torch.float16, requires_grad=True)  # a sample is one number
dy, ddx = torch.tensor([[[0.0], [1.0]], [[0.125], [-0.125]]], dtype=torch.float16)
y = torch.nn.functional.layer_norm(x, [1], eps=1e-5)
(dx,) = torch.autograd.grad(y, x, dy, create_graph=True)
(dxx,) = torch.autograd.grad(dx, x, ddx)
print("got  ", dxx.flatten().tolist())
print("right", [0.0, 0.0])
sys.exit(bool(dxx.isnan().any()))
