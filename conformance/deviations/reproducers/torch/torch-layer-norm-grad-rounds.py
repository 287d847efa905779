"""layer_norm keeps mean and deviation for the gradient in the dtype of x: in float16 dx has two digits, or is NaN."""

import sys

import torch
from torch.nn import functional


def gradient(rows: list[list[float]], eps: float, dtype: torch.dtype) -> torch.Tensor:
    x = torch.tensor(rows, dtype=dtype, requires_grad=True)
    y = functional.layer_norm(x, [3], eps=eps)
    y.backward(torch.tensor([[1.0, 2.0, 0.0]], dtype=dtype))
    found: torch.Tensor = x.grad
    return found[0]


rough = gradient([[300.0, 302.0, 303.0]], 1e-5, torch.float16)
right = gradient([[300.0, 302.0, 303.0]], 1e-5, torch.float64)
flat = gradient([[1.0, 1.0, 1.0]], 1e-12, torch.float16)
print("got  ", rough.tolist(), "and, for a constant sample with eps = 1e-12,", flat.tolist())
print("right", right.tolist(), "and -inf or inf or 0, as (dy - mean(dy)) 1e6 is")
sys.exit((rough - right).abs().max().item() > 0.02 and flat.isnan().any().item())
