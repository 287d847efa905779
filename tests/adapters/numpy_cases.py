"""Small cases of every operation, for the tests of the control."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from adapters.base import ACTIVATIONS, Activation, Array, BatchNorm, Case, Dense, Dropout, LayerNorm, Subject
from adapters.numpy import ADAPTER, NumPy

DTYPES = ("float32", "float64")
Make = Callable[[tuple[int, ...]], Array]


def ask(case: Case, adapter: NumPy = ADAPTER) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
    dtype = next(value.dtype.name for _, value in case.arrays())
    outcome = adapter.ask(Subject("numpy", "control", dtype=dtype), case)
    return outcome.arrays, outcome.state


def batch_norms(make: Make) -> Iterator[BatchNorm]:
    for shape, axis in (((5, 3), 1), ((3, 2, 4), 1), ((3, 4, 2), -1), ((2, 2, 1, 3, 2), 1)):
        for training in (True, False):
            c = (shape[axis],)
            mean, var = make(c), np.square(make(c)) + make(c).dtype.type(1)
            case = BatchNorm(
                x=make(shape), gamma=make(c), beta=make(c), running_mean=mean, running_var=var, eps=1e-3, momentum=0.1,
                channel_axis=axis, training=training, dy=make(shape),
            )  # fmt: skip
            yield case
            yield replace(case, gamma=None)
            yield replace(case, beta=None)


def layer_norms(make: Make) -> Iterator[LayerNorm]:
    for shape, rank in (((4,), 1), ((3, 4), 1), ((2, 3, 4), 2), ((2, 3, 2), 1)):
        normalized = shape[-rank:]
        yield LayerNorm(
            x=make(shape), gain=make(normalized), bias=make(normalized), eps=1e-3, normalized_rank=rank, dy=make(shape)
        )


def denses(make: Make) -> Iterator[Dense]:
    for leading in ((), (3,), (2, 3)):
        for activation in (None, "tanh", "sigmoid"):
            yield Dense(
                x=make((*leading, 4)),
                weight=make((2, 4)),
                bias=make((2,)),
                activation=activation,
                dy=make((*leading, 2)),
            )


def activations(make: Make) -> Iterator[Activation]:
    parameters = {
        "leaky_relu": {"negative_slope": 0.2},
        "elu": {"alpha": 2.0},
        "celu": {"alpha": 2.0},
        "softplus": {"beta": 2.0},
    }
    for name in sorted(ACTIVATIONS):
        alpha = make((3,)) if name == "prelu" else None
        dy = make((4, 3, 1 if name == "glu" else 2))
        yield Activation(name=name, x=make((4, 3, 2)), alpha=alpha, parameters=parameters.get(name, {}), dy=dy)
    yield Activation(name="softmax", x=make((4, 3)), parameters={"axis": 0}, dy=make((4, 3)))
    yield Activation(name="prelu", x=make((4, 3)), alpha=make((1,)), dy=make((4, 3)))


def smooth_cases(make: Make) -> Iterator[Case]:
    yield from batch_norms(make)
    yield from layer_norms(make)
    yield from denses(make)
    yield from activations(make)


def all_cases(make: Make) -> Iterator[Case]:
    yield from smooth_cases(make)
    for rate in (0.0, 0.3, 1.0):
        for training in (True, False):
            yield Dropout(x=make((4, 3)), rate=rate, training=training, seed=1, dy=make((4, 3)))


def maker(dtype: str, seed: int = 0) -> Make:
    random = np.random.default_rng(seed)
    return lambda shape: random.standard_normal(shape).astype(dtype)
