"""log_softmax in bfloat16 rounds the logarithm of the sum before it subtracts it."""

import sys

import torch

wrong = []
for row, at in (([0.0, 0.0, -1.0, 2.0], 3), ([704.0, 700.0], 0)):
    got = torch.log_softmax(torch.tensor(row, dtype=torch.bfloat16), 0)[at].item()
    right = torch.log_softmax(torch.tensor(row, dtype=torch.float64), 0)[at].item()
    print("got  ", got)
    print("right", right)
    wrong.append(abs(got / right - 1) > 2**-9)
sys.exit(any(wrong))
