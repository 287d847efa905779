"""mish and softsign are composed, and round every step to the dtype."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch

x = torch.arange(-4, 4, 1 / 64).to(torch.bfloat16)
got = keras.activations.mish(x).double()
right = torch.nn.functional.mish(x.double())
worst = ((got - right) / right).abs().nan_to_num().argmax()
print("got  ", got[worst].item())
print("right", right[worst].item(), "at", x[worst].item())
sys.exit(int((got - right).abs()[worst] > 2**-8 * right.abs()[worst]))
