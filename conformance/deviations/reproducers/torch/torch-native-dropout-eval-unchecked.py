"""In inference native_dropout takes a rate of -0.5, which it refuses in training."""

import sys

import torch


def answer(training: bool) -> str:
    try:
        return str(torch.native_dropout(torch.ones(2), -0.5, training)[0].tolist())
    except RuntimeError:
        return "an error"


print("got  ", answer(training=False))
print("right", answer(training=True))
sys.exit(answer(training=False) != "an error")
