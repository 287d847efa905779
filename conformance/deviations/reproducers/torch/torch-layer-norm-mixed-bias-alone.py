"""layer_norm takes a bfloat16 x with a float32 gain and bias, but not with the float32 bias alone."""

import sys

import torch


def answer(gain: torch.Tensor | None) -> str:
    x = torch.tensor([1.0, 2.0], dtype=torch.bfloat16)
    try:
        return str(torch.nn.functional.layer_norm(x, [2], gain, torch.zeros(2)).tolist())
    except RuntimeError as error:
        return str(error)


print("got  ", answer(None))
print("right", answer(torch.ones(2)))
sys.exit(answer(None) != answer(torch.ones(2)))
