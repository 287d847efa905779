"""linear takes a bias of one element for three neurons and spreads it over them."""

import sys

import torch
from torch.nn import functional

bias = torch.ones(1, requires_grad=True)
try:
    y = functional.linear(torch.zeros(1, 2), torch.zeros(3, 2), bias)
    y.sum().backward()
    got = f"{y.tolist()}, gradient of the bias {bias.grad.tolist()}"
except RuntimeError as error:
    got = ""
    print(error)
print("got  ", got)
print("right an error: the bias has the shape [3], or []")
sys.exit(got != "")
