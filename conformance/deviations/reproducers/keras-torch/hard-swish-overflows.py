"""hard_swish multiplies before it divides by 6, and overflows."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch

got = float(keras.activations.hard_swish(torch.tensor([1e38])))
print("got  ", got)
print("right 1e+38")
sys.exit(int(not np.isfinite(got)))
