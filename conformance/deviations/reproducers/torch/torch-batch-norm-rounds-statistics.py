"""batch_norm rounds mean and deviation of a float16 batch to float16 before it uses them."""

import sys

import torch
from torch.nn import functional


def normalized(values: list[float], eps: float, dtype: torch.dtype) -> torch.Tensor:
    ones = torch.ones(1, dtype=dtype)
    x = torch.tensor(values, dtype=dtype)[:, None]
    y: torch.Tensor = functional.batch_norm(x, 0 * ones, ones.clone(), ones, 0 * ones, True, 0.1, eps)
    return y[:, 0]


rough = normalized([300.0, 302.0, 303.0], 1e-5, torch.float16)
right = normalized([300.0, 302.0, 303.0], 1e-5, torch.float64)
flat = normalized([1.0, 1.0, 1.0], 1e-12, torch.float16)
print("got  ", rough.tolist(), "and, for a constant channel with eps = 1e-12,", flat.tolist())
print("right", right.tolist(), "and zeros")
sys.exit((rough - right).abs().max().item() > 0.02 and flat.isnan().any().item())
