"""The gradient of layer_norm takes a bfloat16 x with a float32 gain and bias, but not with the float32 bias alone."""

import sys

import torch


def answer(gain: torch.Tensor | None) -> str:
    x = torch.tensor([[1.0, 2.0]], dtype=torch.bfloat16, requires_grad=True)
    bias = torch.zeros(2, requires_grad=True)
    try:
        y = torch.nn.functional.layer_norm(x, [2], gain, bias)
        return str(torch.autograd.grad(y, bias, torch.ones_like(y))[0].tolist())
    except RuntimeError as error:
        return str(error)


print("got  ", answer(None))
print("right", answer(torch.ones(2)))
sys.exit(answer(None) != answer(torch.ones(2)))
