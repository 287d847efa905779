"""The gradient of layer normalization's bias is a running sum in float32 over the samples: it stands still at 2^24."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch

torch.set_num_threads(1)  # each thread has a running sum of its own
samples = 17 * 2**20
layer = keras.layers.LayerNormalization()
layer.build((samples, 1))
with keras.device("cpu"):
    y = layer(torch.ones(samples, 1))
y.backward(torch.ones(samples, 1))
got = layer.beta.value.grad.item()
print("got  ", got)
print("right", float(samples))
sys.exit(int(got != samples))
