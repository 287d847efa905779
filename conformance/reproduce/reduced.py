"""Makes a case smaller without changing the element that is wrong, and writes its arrays as literals."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from adapters.base import ALONG_ROWS, Activation, BatchNorm, Case, LayerNorm

Array = np.ndarray[Any, np.dtype[Any]]
Index = tuple[int, ...]

#: A tensor of so many elements is small.
SMALL = 16
#: Numbers that are written out; beyond, the bytes are.
WRITTEN = 64
#: Characters that an array may take in a script.
LONGEST = 12_000
_OF_X = ("y", "ty", "dx", "dxx", "dxy")


@dataclass(frozen=True)
class Language:
    """How a framework's tensor ``got`` is read."""

    number: str  #: an element as a float; ``{}`` stands for its index in brackets
    dtype: str  #: the name of its dtype
    array: str  #: a NumPy array of float64


class TooLarge(ValueError):  # noqa: N818 - says what is the matter
    """The case does not fit into a script."""


def reduced(case: Case, output: str, index: Index) -> Case:
    """The same shapes, with as few different numbers as leave one element of one answer what it was.

    An elementwise function gets the element everywhere, so that it keeps its place in a vector; a row, a sample or a
    channel that is computed from its own numbers alone is repeated for the others. A case that a person can read is
    left as it is.
    """
    if case.x.size <= SMALL:  # type: ignore[attr-defined]
        return case
    match case:
        case Activation() if output in _OF_X and (case.alpha is None or case.alpha.size == 1):
            row = case.name in ALONG_ROWS
            if row and case.parameters.get("axis", -1) != -1:
                return case
            keep = index[:-1] if row else index
            return _with(case, lambda value: np.broadcast_to(value[keep], value.shape))
        case LayerNorm() if output in _OF_X and case.x.ndim > case.normalized_rank:
            sample = index[: case.x.ndim - case.normalized_rank]
            return _with(case, lambda value: np.broadcast_to(value[sample], value.shape), ("x", "dy", "ddx"))
        case BatchNorm() if case.x.ndim > 1:
            axis = case.channel_axis % case.x.ndim
            channel = index[axis] if output in _OF_X else index[0]

            def kept(value: Array) -> Array:
                at = axis if value.shape == case.x.shape else 0
                return np.broadcast_to(value.take([channel], at), value.shape)

            return _with(case, kept)
    return case


def _with(case: Case, change: Callable[[Array], Array], names: tuple[str, ...] = ()) -> Case:
    held = ("alpha",)
    arrays = {name: value for name, value in case.arrays() if name not in held and (not names or name in names)}
    tangents = {name: change(value) if not names else value for name, value in case.tangents.items()}
    changed: dict[str, Any] = {name: np.array(change(value)) for name, value in arrays.items()}
    return replace(case, **changed, tangents={name: np.array(value) for name, value in tangents.items()})


def stored(dtype: str) -> str:
    """The dtype of NumPy's own that holds every number of a dtype."""
    return "float32" if dtype == "bfloat16" else dtype


def literal(value: Array) -> str:
    """The array as an expression of NumPy, bfloat16 as float32. Raises TooLarge."""
    dtype = stored(value.dtype.name)
    exact = value.astype(dtype)
    small = exact
    for axis in range(exact.ndim):
        if small.shape[axis] > 1 and _same(small, np.broadcast_to(small.take([0], axis), small.shape)):
            small = small.take([0], axis)
    if exact.size > 1 and small.size == 1:
        return f"np.full({exact.shape!r}, {_number(small.item())}, {dtype!r})"
    text = _written(small, dtype)
    return text if small.shape == exact.shape else f"np.broadcast_to({text}, {exact.shape!r})"


def _same(one: Array, other: Array) -> bool:
    return np.ascontiguousarray(one).tobytes() == np.ascontiguousarray(other).tobytes()


def _written(value: Array, dtype: str) -> str:
    if value.size == 0:
        return f"np.zeros({value.shape!r}, {dtype!r})"
    if value.size <= WRITTEN:
        return f"np.array({_nested(value.tolist())}, {dtype!r})"
    packed = base64.b85encode(zlib.compress(np.ascontiguousarray(value).tobytes(), 9)).decode()
    if len(packed) > LONGEST:
        raise TooLarge("too many numbers for a script")
    unpacked = f"zlib.decompress(base64.b85decode({packed!r}))"
    return f"np.frombuffer({unpacked}, {dtype!r}).reshape({value.shape!r})"


def _nested(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_nested, value))}]"
    return _number(value)


def _number(value: float) -> str:
    number = float(value)
    if number != number:
        return "np.nan"
    if abs(number) == float("inf"):
        return "np.inf" if number > 0 else "-np.inf"
    return repr(number)


def packed(lines: list[str]) -> bool:
    """Whether a script unpacks bytes."""
    return any("b85decode" in line for line in lines)


def keywords(arguments: Mapping[str, Any]) -> str:
    """``, name=value`` for each argument: plain values alone. Raises ValueError for any other."""
    return "".join(f", {name}={plain(value)}" for name, value in arguments.items())


def plain(value: Any) -> str:
    """A plain value as Python. Raises ValueError for what is none."""
    if value is None or isinstance(value, bool | int | str):
        return repr(value)
    if isinstance(value, float):
        return f"float({str(value)!r})" if value != value or abs(value) == float("inf") else repr(value)
    raise ValueError("no plain value")
