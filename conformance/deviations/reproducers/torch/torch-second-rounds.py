"""The second derivative of layer norm in bfloat16 is composed of operations that each round to 16 bits."""

import sys

import torch


def second(dtype: torch.dtype) -> torch.Tensor:
    x = torch.tensor([-1.0, 1.0], dtype=dtype, requires_grad=True)
    dy, ddx = torch.tensor([[1.0, -1.5], [0.75, -0.625]], dtype=dtype)
    y = torch.nn.functional.layer_norm(x, [2])
    (dx,) = torch.autograd.grad(y, x, dy, create_graph=True)
    return torch.autograd.grad(dx, x, ddx)[0].double()


got, right = second(torch.bfloat16), second(torch.float64)
print("got  ", got.tolist())
print("right", right.tolist())
sys.exit(bool(((got - right).abs() > 2**-7 * right.abs()).any()))  # two roundings of bfloat16
