"""The second derivative of batch norm is infinite in float16 where it is 14: the cube of 1/sigma is beyond 65504."""

import sys

import torch


def second(dtype: torch.dtype) -> float:
    x, dy, ddx = torch.tensor([[[0.0], [1.5e-5]], [[0.0], [1.0]], [[0.125], [-0.132]]], dtype=torch.float16).to(dtype)
    one = torch.ones(1, dtype=dtype)
    y = torch.nn.functional.batch_norm(x.requires_grad_(), None, None, one, one, training=True)
    (dx,) = torch.autograd.grad(y, x, dy.requires_grad_(), create_graph=True)
    return torch.autograd.grad(dx, dy, ddx)[0][0].item()


got, right = second(torch.float16), second(torch.float64)
print("got  ", got)
print("right", right)
sys.exit(abs(got) == float("inf"))
