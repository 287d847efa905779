"""How an array may lie in memory. Every layout keeps the values but those that are broadcast."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from adapters.base import Array, Case
from conformance.cases import literal

#: The strides of channels-last memory under a shape with the channels second.
CHANNELS_LAST = "np.moveaxis(np.ascontiguousarray(np.moveaxis({}, 1, -1)), -1, 1)"
#: The expression that lays an array so -> the function that does.
LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "np.ascontiguousarray({}.T).T": lambda x: np.ascontiguousarray(x.T).T,
    "np.ascontiguousarray({}.swapaxes(-1, -2)).swapaxes(-1, -2)": (
        lambda x: np.ascontiguousarray(x.swapaxes(-1, -2)).swapaxes(-1, -2)
    ),
    "np.repeat({}, 2, -1)[..., ::2]": lambda x: np.repeat(x, 2, -1)[..., ::2],
    "np.repeat({}, 3, 0)[::3]": lambda x: np.repeat(x, 3, 0)[::3],
    "np.pad({0}, 1)[(slice(1, -1),) * {0}.ndim]": lambda x: np.pad(x, 1)[(slice(1, -1),) * x.ndim],
    "{}[..., ::-1].copy()[..., ::-1]": lambda x: x[..., ::-1].copy()[..., ::-1],
    CHANNELS_LAST: lambda x: np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1),
    "np.broadcast_to({0}[:1], {0}.shape)": lambda x: np.broadcast_to(x[:1], x.shape),
    "np.broadcast_to({0}[:, :1], {0}.shape)": lambda x: np.broadcast_to(x[:, :1], x.shape),
    "np.broadcast_to({0}[..., :1], {0}.shape)": lambda x: np.broadcast_to(x[..., :1], x.shape),
}

#: The places of those that are asked where each is compiled: with gaps, channels last, broadcast.
DISTINCT = (2, 6, 7)

Laid = TypeVar("Laid", bound=Case)


def laid(case: Laid, written: str, name: str) -> Laid:
    """The case with one of its arrays in the layout that is written so."""
    value = getattr(case, name)
    text = case.recipe.get(name) or literal(value)
    changed: dict[str, Any] = {name: LAYOUTS[written](value)}
    return dataclasses.replace(case, recipe=dict(case.recipe) | {name: written.format(text)}, **changed)
