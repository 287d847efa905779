"""Under vmap one neuron with two biases answers two numbers; eager code refuses it."""

import sys

import torch
from torch.nn import functional

weight, bias = torch.ones(1, 1), torch.tensor([1.0, 2.0])
try:
    got = torch.vmap(lambda x: functional.linear(x, weight, bias))(torch.zeros(3, 1)).tolist()
except RuntimeError as error:
    got = str(error)
print("got  ", got)
try:
    eager = functional.linear(torch.zeros(1), weight, bias).tolist()
except RuntimeError as error:
    eager = str(error)
print("right an error, as eagerly:", eager)
sys.exit(isinstance(got, list) and isinstance(eager, str))
