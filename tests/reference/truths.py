"""The activations by definition, on mpmath numbers, real or complex: the textbook forms, since digits are plenty."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import mpmath

Number = Any
Row = list[Number]


def _sigmoid(x: Number) -> Number:
    return 1 / (1 + mpmath.exp(-x))


def _clip(x: Number, low: int, high: int) -> Number:
    return 0 * x + low if x.real < low else 0 * x + high if x.real > high else x


def _elu(x: Number, alpha: Number) -> Number:
    return x if x.real > 0 else alpha * (mpmath.exp(x) - 1)


@functools.cache
def _selu_constants(digits: int) -> tuple[Number, Number]:
    """(alpha, scale) from their definition: x normal of mean 0 and variance 1, and so selu(x)."""
    with mpmath.workdps(digits):
        e, root = mpmath.e, mpmath.sqrt(2)
        # Over x < 0: the expectations of exp(x) - 1 and of its square; over x > 0 they are 1/sqrt(2 pi) and 1/2.
        first = (mpmath.sqrt(e) * mpmath.erfc(1 / root) - 1) / 2
        second = (e**2 * mpmath.erfc(root) - 2 * mpmath.sqrt(e) * mpmath.erfc(1 / root) + 1) / 2
        alpha = -1 / mpmath.sqrt(2 * mpmath.pi) / first
        return alpha, 1 / mpmath.sqrt(alpha**2 * second + mpmath.mpf(1) / 2)


def _selu(x: Number) -> Number:
    alpha, scale = _selu_constants(mpmath.mp.dps)
    return scale * _elu(x, alpha)


def _gelu_tanh(x: Number) -> Number:
    cubic = mpmath.mpf(44715) / 10**6
    return x * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (x + cubic * x**3))) / 2


#: name -> phi(x, parameter) of one number
ELEMENTWISE: dict[str, Callable[..., Number]] = {
    "relu": lambda x: x if x.real > 0 else 0 * x,
    "leaky_relu": lambda x, slope: x if x.real > 0 else slope * x,
    "prelu": lambda x, alpha: x if x.real > 0 else alpha * x,
    "relu6": lambda x: _clip(x, 0, 6),
    "elu": _elu,
    "celu": lambda x, alpha: x if x.real > 0 else alpha * (mpmath.exp(x / alpha) - 1),
    "selu": _selu,
    "gelu": lambda x: x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2,
    "gelu_tanh": _gelu_tanh,
    "silu": lambda x: x * _sigmoid(x),
    "mish": lambda x: x * mpmath.tanh(mpmath.log(1 + mpmath.exp(x))),
    "sigmoid": _sigmoid,
    "log_sigmoid": lambda x: mpmath.log(_sigmoid(x)),
    "tanh": lambda x: (mpmath.exp(x) - mpmath.exp(-x)) / (mpmath.exp(x) + mpmath.exp(-x)),
    "softplus": lambda x, beta: mpmath.log(1 + mpmath.exp(beta * x)) / beta,
    "softsign": lambda x: x / (1 + x) if x.real > 0 else x / (1 - x),
    "hard_sigmoid": lambda x: _clip(x + 3, 0, 6) / 6,
    "hard_swish": lambda x: x * _clip(x + 3, 0, 6) / 6,
    "hard_tanh": lambda x: _clip(x, -1, 1),
}


def _softmax(row: Row) -> Row:
    powers = [mpmath.exp(v) for v in row]
    total = sum(powers)
    return [power / total for power in powers]


#: name -> phi(row) of one row
ROWS: dict[str, Callable[[Row], Row]] = {
    "softmax": _softmax,
    "log_softmax": lambda row: [mpmath.log(v) for v in _softmax(row)],
    "glu": lambda row: [a * _sigmoid(b) for a, b in zip(row[: len(row) // 2], row[len(row) // 2 :], strict=True)],
}
