"""log_softmax rounds the logarithm of the sum to the dtype before it subtracts it."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch

x = torch.tensor([[0.0, 0.0, -1.0, 2.0]], dtype=torch.bfloat16)
got = float(keras.activations.log_softmax(x)[0, 3])
right = float(torch.log_softmax(x.double(), -1)[0, 3])
print("got  ", got)
print("right", right)
sys.exit(int(abs(got - right) > 2**-9 * abs(right)))
