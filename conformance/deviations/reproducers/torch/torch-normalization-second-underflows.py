"""The second derivative of a normalization is 0 where the deviation is large: powers of its reciprocal underflow."""

import sys

import torch

found, right = [], []
for dtype, size in ((torch.float32, 2.0**53), (torch.float64, 2.0**410)):
    for scale in (size, 1.0):  # the second derivative of scale x is that of x, divided by scale^2
        x = torch.tensor([0.0, scale, 3 * scale], dtype=dtype, requires_grad=True)
        dy, ddx = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], dtype=dtype)
        y = torch.nn.functional.layer_norm(x, [3], eps=1e-12)
        (dx,) = torch.autograd.grad(y, x, dy, create_graph=True)
        (dxx,) = torch.autograd.grad(dx, x, ddx)
        # divided twice: the square of the size is beyond float32
        (found if scale == size else right).append(dxx[0].item() * scale / size * scale / size)
print("got  ", found)
print("right", right)
sys.exit(any(abs(got - want) > 0.1 * abs(want) for got, want in zip(found, right, strict=True)))
