"""Reads the text of a case (``conformance.cases.describe``) as data: what it may contain is listed here, nothing else.

Only constructors of cases and of arrays are understood, and only up to a size; nothing of the text is executed.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from adapters import base
from conformance import regimes

#: Elements that an array of a case may have.
LARGEST = 2**18
#: Characters that the text of a case may have: Python's parser takes a hundred times as much memory.
LONGEST = 400_000
CASES: Mapping[str, type[base.Case]] = {
    kind.__name__: kind for kind in (base.BatchNorm, base.LayerNorm, base.Dense, base.Activation, base.Dropout)
}
_DTYPES = ("float16", "bfloat16", "float32", "float64", "u2", "u4", "u8", "int64", "bool")


class Unreadable(ValueError):  # noqa: N818 - says what is the matter
    """The text is no case that this version knows."""


def read(text: str) -> base.Case:
    """The case that the text describes. Raises Unreadable."""
    if len(text) > LONGEST:
        raise Unreadable("the case is too long to be read")
    try:
        tree = ast.parse(text, mode="eval").body
        if not (isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id in CASES):
            raise Unreadable("no case of one layer")
        return CASES[tree.func.id](**_keywords(tree))
    except Unreadable:
        raise
    except (
        SyntaxError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        OverflowError,
        RecursionError,
        MemoryError,
    ) as error:
        raise Unreadable(f"not readable as a case ({type(error).__name__})") from None


def _keywords(call: ast.Call) -> dict[str, Any]:
    found = {}
    for keyword in call.keywords:
        if keyword.arg is None:
            raise Unreadable("unpacking")
        found[keyword.arg] = _value(keyword.value)
    return found


_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.LShift: lambda value, places: np.left_shift(value, min(int(places), 64)),
}


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=None | bool() | int() | float() | str() as value):
            return value
        case ast.List(elts=items):
            return [_value(item) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item) for item in items)
        case ast.Dict(keys=keys, values=values):
            return {_value(key): _value(value) for key, value in zip(keys, values, strict=True) if key is not None}
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.Attribute(value=ast.Name(id="np"), attr="nan" | "inf" as name):
            return getattr(np, name)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            with np.errstate(all="ignore"):
                return _bounded(_OPERATORS[type(op)](_number(_value(left)), _number(_value(right))))
        case ast.Call():
            return _called(node)
        case ast.Subscript(value=of, slice=ast.List() as order):  # samples in another order
            array, places = _value(of), _value(order)
            if not isinstance(array, np.ndarray) or sorted(places) != list(range(len(array))):
                raise Unreadable("no order of samples")
            return array[places]
    raise Unreadable(f"{type(node).__name__} is not known in a case")


def _number(value: Any) -> Any:
    if not isinstance(value, int | float | np.ndarray | np.generic):
        raise Unreadable("no number")
    return value


def _bounded(value: Any) -> Any:
    if np.size(value) > LARGEST:
        raise Unreadable("an array that is too large")
    return value


def _called(call: ast.Call) -> Any:
    arguments = [_value(each) for each in call.args]
    match call.func:
        case ast.Name(id="fill"):
            return _fill(*arguments, **_keywords(call))
        case ast.Name(id="float") | ast.Attribute(value=ast.Name(id="np"), attr="float64"):
            return float(arguments[0])
        case ast.Attribute(value=ast.Name(id="np"), attr=str(name)) if name in _MAKERS:
            return _MAKERS[name](*arguments, **_keywords(call))
        case ast.Attribute(value=of, attr="reshape" | "astype" | "view" as name):
            array = _value(of)
            if not isinstance(array, np.ndarray):
                raise Unreadable("no array")
            if name == "reshape":
                return array.reshape(*arguments)
            return getattr(array, name)(_dtype(*arguments))
    raise Unreadable("a function that is not known in a case")


def _shape(shape: Any) -> tuple[int, ...]:
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    if any(size < 0 for size in sizes) or math.prod(sizes) > LARGEST or len(sizes) > 8:
        raise Unreadable("a shape that is too large")
    return sizes


def _dtype(name: str = "float64") -> np.dtype[Any]:
    if name not in _DTYPES:
        raise Unreadable("an unknown dtype")
    return base.dtype_of(name)


def _fill(regime: str, shape: Any, seed: int, dtype: str, **parameters: float) -> Any:
    return regimes.fill(regime, _shape(shape), int(seed), _dtype(dtype).name, **parameters)


def _array(value: Any, dtype: str) -> Any:
    made = np.array(value, _dtype(dtype))
    if not made.size:
        raise Unreadable("an empty array, whose shape is not in its text")
    return made


_MAKERS: Mapping[str, Callable[..., Any]] = {
    "array": lambda value, dtype="float64": _array(value, dtype),
    "full": lambda shape, value, dtype="float64": np.full(_shape(shape), value, _dtype(dtype)),
    "ones": lambda shape, dtype="float64": np.ones(_shape(shape), _dtype(dtype)),
    "zeros": lambda shape, dtype="float64": np.zeros(_shape(shape), _dtype(dtype)),
    "arange": lambda end, dtype="int64": np.arange(_shape(int(end))[0], dtype=_dtype(dtype)),
    "rint": lambda array: np.rint(_number(array)),
    "broadcast_to": lambda array, shape: np.broadcast_to(array, _shape(shape)),
}
