"""The gradient at NaN depends on where in the tensor the element lies."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch

x = torch.tensor([np.nan] * 33, dtype=torch.float32, requires_grad=True)
y = keras.activations.elu(x)
(dx,) = torch.autograd.grad(y, x, torch.full_like(y, 1))
got = {str(float(each)) for each in dx}
print("got  ", got)
print("right one and the same in all 33 places")
sys.exit(int(len(got) > 1))
