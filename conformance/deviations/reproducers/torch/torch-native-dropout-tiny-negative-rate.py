"""native_dropout in training takes a negative rate that 1 - p rounds away."""

import sys

import torch


def answer(dropout: object) -> str:
    try:
        return str(dropout(torch.ones(2), -5e-324, True))  # type: ignore[operator]
    except (RuntimeError, ValueError):
        return "an error"


got, right = answer(torch.native_dropout), answer(torch.nn.functional.dropout)
print("got  ", got)
print("right", right)
sys.exit(got != right)
