"""In 16 bits gradients are formed from the output that was rounded to them."""

import sys

import torch

got: list[float] = []
right: list[float] = []
for dtype, answers in ((torch.bfloat16, got), (torch.float64, right)):
    for function, at in ((torch.sigmoid, 6.25), (torch.tanh, 3.5)):
        x = torch.tensor([at], dtype=dtype, requires_grad=True)
        function(x).backward()
        answers.append(x.grad.item())
    x = torch.tensor([0.0, 8.0], dtype=dtype, requires_grad=True)
    torch.softmax(x, 0)[1].backward()
    answers.append(x.grad[1].item())
print("got  ", got, "for sigmoid at 6.25, tanh at 3.5, softmax of [0, 8]")
print("right", right)
sys.exit(any(abs(a / b - 1) > 0.02 for a, b in zip(got, right, strict=True)))
