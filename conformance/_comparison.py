"""Comparisons of arrays that carry a bound, and what NumPy is told about both kinds of array."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np

from conformance._arithmetic import Arithmetic, Mask

#: NumPy function -> what it means for bounded arrays and comparisons
FUNCTIONS: dict[Any, Callable[..., Any]] = {}


def unknown(what: str, advice: str = "write the formula with functions that it knows, or give it a rule") -> TypeError:
    return TypeError(f"conformance.bounded does not know {what}; {advice}")


def check_call(ufunc: np.ufunc, method: str, kwargs: Mapping[str, Any]) -> None:
    if method != "__call__":
        raise unknown(f"numpy.{ufunc.__name__}.{method}")
    if kwargs:
        named = ", ".join(f"{name}=" for name in kwargs)
        raise unknown(f"numpy.{ufunc.__name__} with {named}", "write it without (x = x + y, not x += y)")


class Guarded(np.lib.mixins.NDArrayOperatorsMixin):
    """What NumPy is told about arrays that must not turn into plain ones by accident."""

    __slots__ = ()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        name = type(self).__name__
        raise TypeError(f"conformance.bounded does not turn a {name} into a plain array; take its .value")

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        rule = FUNCTIONS.get(function)
        if rule is None:
            raise unknown(f"{function.__module__}.{function.__name__}")
        with np.errstate(all="ignore"):
            return rule(*args, **kwargs)


class Comparison(Guarded):
    """The answer to a comparison of bounded arrays: per element surely true, surely false, or open.

    ``surely``: true for all numbers within the errors; ``possibly``: for some; ``value``: for the float64 values.
    All bool.
    """

    __slots__ = ("arithmetic", "possibly", "surely", "value")

    def __init__(self, surely: Any, possibly: Any, value: Any, arithmetic: Arithmetic) -> None:
        self.surely: Mask = np.asarray(surely)
        self.possibly: Mask = np.asarray(possibly)
        self.value: Mask = np.asarray(value)
        self.arithmetic = arithmetic

    @property
    def open(self) -> Mask:
        """Where the errors leave both answers possible."""
        return np.asarray(self.possibly & ~self.surely)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    def __getitem__(self, index: Any) -> Comparison:
        return Comparison(self.surely[index], self.possibly[index], self.value[index], self.arithmetic)

    def __bool__(self) -> NoReturn:
        raise TypeError("a comparison of bounded arrays has no truth value, it may be open: use np.where, &, | and ~")

    def __repr__(self) -> str:
        return f"Comparison(surely={self.surely!r}, possibly={self.possibly!r})"

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Comparison:
        check_call(ufunc, method, kwargs)
        if ufunc not in _LOGIC:
            raise unknown(f"numpy.{ufunc.__name__} of a comparison", "choose with np.where")
        parts = [truth(item) for item in inputs]
        if len(parts) == 1:
            surely, possibly, value = parts[0]
            return Comparison(~possibly, ~surely, ~value, self.arithmetic)
        surely, possibly, value = (ufunc(one, other) for one, other in zip(*parts, strict=True))
        return Comparison(surely, possibly, value, self.arithmetic)


_LOGIC = frozenset({np.logical_and, np.logical_or, np.logical_not, np.bitwise_and, np.bitwise_or, np.invert})


def truth(item: Any) -> tuple[Any, Any, Any]:
    """Surely, possibly and value of a comparison, or of plain booleans."""
    if isinstance(item, Comparison):
        return item.surely, item.possibly, item.value
    plain = np.asarray(item)
    if plain.dtype != bool:
        raise TypeError(f"a comparison combines with booleans, not with {plain.dtype}")
    return plain, plain, plain
