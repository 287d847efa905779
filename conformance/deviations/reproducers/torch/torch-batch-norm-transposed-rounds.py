"""batch_norm with float32 parameters rounds within the gradient where a bfloat16 batch is transposed in memory."""

import sys

import torch


def gradient(x: torch.Tensor) -> torch.Tensor:
    dy, ones = x.detach(), torch.ones(2)
    x.requires_grad_()
    y = torch.nn.functional.batch_norm(x, 0 * ones, ones.clone(), ones, 0 * ones, True)
    (dx,) = torch.autograd.grad(y, x, dy)
    return dx


values = torch.tensor([[0.0, 1.0], [-1.0, 2.0], [-2.0, 0.5]], dtype=torch.bfloat16)
rough, right = gradient(values.t().contiguous().t()), gradient(values.clone())
print("got  ", rough.tolist())
print("right", right.tolist())
sys.exit((rough - right).abs().max().item() > 1e-3)
