"""Arrays that carry a bound on their rounding error: the oracle's numbers.

Running error analysis (Wilkinson; Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, section
3.3): the specification's own NumPy code, run on :class:`Bounded` arrays, gives its float64 result, to the bit, together
with how far from it a numerically sound implementation may be, element by element. Nothing in it is tuned.

    >>> x = Bounded.input([1.0, 2.0, 4.0], Arithmetic.of("float32"))
    >>> np.mean(x).tolerance("float32")

A function that has no rule here is a TypeError, never a silent conversion to a plain array.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from conformance import _reductions, _rules
from conformance._arithmetic import FORMATS, SLACK, Arithmetic, Array, Format, Mask, format_of, largest
from conformance._comparison import FUNCTIONS, Comparison, Guarded, check_call, truth, unknown

__all__ = ["FORMATS", "Arithmetic", "Bounded", "Comparison", "Format", "format_of", "largest"]


class Bounded(Guarded):
    """A float64 ``value`` and a bound ``error`` >= 0 on how far from it a sound implementation may be; inf: undecided.

    Both have the same shape. ``arithmetic`` is what the implementation is assumed to compute in; arrays that meet share
    it. ``least``, where known, is a number that nothing computed there falls below, however wide the error: a sum of
    squares is not negative, and with epsilon added not below epsilon.
    """

    __slots__ = ("_tolerances", "arithmetic", "error", "least", "value")

    def __init__(self, value: Any, error: Any, arithmetic: Arithmetic, least: float | None = None) -> None:
        self.value: Array = np.asarray(value)
        self.error: Array = np.asarray(error)
        self.arithmetic = arithmetic
        self.least = least
        self._tolerances: dict[str, Array] | None = None

    @classmethod
    def input(cls, value: Any, arithmetic: Arithmetic) -> Bounded:
        """An input, error 2u|x|: a sound implementation is exact for slightly perturbed input. Zeros are exact."""
        plain = np.asarray(value).astype(np.float64, copy=False)
        with np.errstate(all="ignore"):
            return cls(*_entered(arithmetic, plain, 2.0 * arithmetic.roundoff * np.abs(plain)), arithmetic)

    @classmethod
    def exact(cls, value: Any, arithmetic: Arithmetic) -> Bounded:
        """A value that both have exactly: error 0, but for subnormal numbers, which may be read as zero."""
        plain = np.asarray(value).astype(np.float64, copy=False)
        return cls(*_entered(arithmetic, plain, np.zeros_like(plain)), arithmetic)

    def tolerance(self, dtype: str) -> Array:
        """How far a result in ``dtype`` may be from ``value``: the bound, the last rounding, flushing to zero.

        Read-only: it is kept, for what is expected is held against the answers of many.
        """
        if self._tolerances is None:
            self._tolerances = {}
        known = self._tolerances.get(dtype)
        if known is None:
            stored = format_of(dtype)
            with np.errstate(all="ignore"):
                bound = self.error + stored.roundoff * (np.abs(self.value) + self.error) + stored.tiny
                known = self._tolerances[dtype] = np.asarray(np.where(bound <= np.inf, bound, np.inf) * SLACK)
            known.flags.writeable = False
        return known

    @property
    def undecided(self) -> Mask:
        return np.asarray(~np.isfinite(self.error))

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def size(self) -> int:
        return self.value.size

    @property
    def dtype(self) -> np.dtype[np.float64]:
        return self.value.dtype

    @property
    def T(self) -> Bounded:  # noqa: N802
        return Bounded(self.value.T, self.error.T, self.arithmetic)

    def reshape(self, *shape: Any) -> Bounded:
        return Bounded(self.value.reshape(*shape), self.error.reshape(*shape), self.arithmetic, self.least)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        return np.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        return np.mean(self, axis=axis, keepdims=keepdims)

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, index: Any) -> Bounded:
        return Bounded(self.value[index], self.error[index], self.arithmetic, self.least)

    def __bool__(self) -> NoReturn:
        raise TypeError("a bounded array has no truth value")

    def __repr__(self) -> str:
        return f"Bounded({self.value!r}, error={self.error!r}, {self.arithmetic.dtype})"

    def __pow__(self, exponent: Any) -> Bounded:
        # NumPy's operator has short cuts that np.power has not, and the value must be that of the operator.
        if isinstance(exponent, (int, float)):
            with np.errstate(all="ignore"):
                plain = self.value**exponent
                return Bounded(*_rules.power(self.arithmetic, self.value, self.error, exponent, plain), self.arithmetic)
        raise TypeError(f"conformance.bounded raises to plain integers alone, not to {type(exponent).__name__}")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        check_call(ufunc, method, kwargs)
        with np.errstate(all="ignore"):
            if ufunc is np.power and isinstance(inputs[0], Bounded):
                found = _rules.power(self.arithmetic, self.value, self.error, inputs[1])
                return Bounded(*found, self.arithmetic)
            operands: list[Any] = []
            for item in inputs:
                operands += _pair(item, self.arithmetic)
            rule = _rules.OPERATIONS.get(ufunc)
            if rule is not None:
                least, floor = _least(ufunc, inputs, self.arithmetic)
                floored = {} if floor is None else {"floor": floor}
                return Bounded(*rule(self.arithmetic, *operands, **floored), self.arithmetic, least)
            if ufunc is np.matmul:
                return Bounded(*_reductions.matmul(self.arithmetic, *operands), self.arithmetic)
            comparison = _rules.COMPARISONS.get(ufunc)
            if comparison is None:
                raise unknown(f"numpy.{ufunc.__name__}")
            return Comparison(*comparison(*operands), ufunc(operands[0], operands[2]), self.arithmetic)


def _least(ufunc: np.ufunc, inputs: Sequence[Any], arithmetic: Arithmetic) -> tuple[float | None, float | None]:
    """What the result does not fall below, and what the argument of a root or the divisor does not fall below."""
    if ufunc is np.square:
        return 0.0, None
    if ufunc is np.maximum:
        known = [least for item in inputs if (least := _least_of(item)) is not None]
        return max(known, default=None), None
    if ufunc is np.add:
        one, other = map(_least_of, inputs)
        if one is None or other is None or one < 0 or other < 0:
            return None, None
        return (one + other) * (1.0 - 2.0 * arithmetic.unit), None
    if ufunc is np.sqrt or ufunc is np.divide:
        floor = _least_of(inputs[-1])
        if floor is not None and floor >= 0:
            return (math.sqrt(floor) * (1.0 - 2.0 * arithmetic.unit) if ufunc is np.sqrt else None), floor
    return None, None


def _least_of(item: Any) -> float | None:
    if isinstance(item, Bounded):
        if item.least is None and item.ndim == 0:
            return float(item.value - item.error)
        return item.least
    return float(item) if isinstance(item, (int, float)) else None


def _entered(arithmetic: Arithmetic, plain: Array, error: Any) -> tuple[Array, Any]:
    """An array on its way in: subnormal numbers may be read as zero, what is beyond the largest is undecided."""
    size = np.abs(plain)
    error = np.where((size > 0) & (size < arithmetic.tiny), error + arithmetic.tiny, error)
    return plain, np.where(size <= arithmetic.largest, error, np.inf)


def _pair(item: Any, arithmetic: Arithmetic) -> tuple[Any, Any]:
    """Value and error of an operand, be it bounded or a constant."""
    if isinstance(item, Bounded):
        if item.arithmetic is not arithmetic and item.arithmetic != arithmetic:
            raise TypeError(f"bounded arrays of different arithmetic meet: {item.arithmetic} and {arithmetic}")
        return item.value, item.error
    if isinstance(item, Comparison):
        raise unknown("arithmetic with a comparison", "choose with np.where")
    return arithmetic.constant(item)


def _arithmetic_of(*items: Any) -> Arithmetic:
    return next(item.arithmetic for item in items if isinstance(item, (Bounded, Comparison)))


def _where(condition: Any, *branches: Any) -> Bounded:
    """Decided elements take their branch; open ones that of the values, with an error that reaches over the other.

    An undecided element of the branch that is surely not taken has no say.
    """
    if len(branches) != 2 or isinstance(condition, Bounded):
        raise TypeError("conformance.bounded knows np.where with a condition of booleans and two branches alone")
    arithmetic = _arithmetic_of(condition, *branches)
    surely, possibly, chosen = truth(condition)
    (a, ea), (b, eb) = (_pair(branch, arithmetic) for branch in branches)
    value, error = np.where(chosen, a, b), np.where(chosen, ea, eb)
    if possibly is not surely:
        undecided = possibly & ~surely
        if np.logical_or.reduce(undecided, axis=None):
            across = (np.abs(np.subtract(a, b)) + np.where(chosen, eb, ea)) * SLACK
            error = np.where(undecided, np.maximum(error, across), error)
    return Bounded(*_rules.settle(arithmetic, value, error, lambda: True), arithmetic)


def _clip(a: Any, a_min: Any = None, a_max: Any = None) -> Bounded:
    """``np.clip``; the value to the bit, the error through maximum and minimum."""
    arithmetic = _arithmetic_of(a, a_min, a_max)
    x, *limits = (None if item is None else _pair(item, arithmetic) for item in (a, a_min, a_max))
    assert x is not None
    low, high = limits
    value = np.clip(x[0], None if low is None else low[0], None if high is None else high[0])
    kept = x if low is None else _rules.maximum(arithmetic, *x, *low)
    kept = kept if high is None else _rules.minimum(arithmetic, *kept, *high)
    return Bounded(value, kept[1], arithmetic)


def _reduction(rule: Callable[..., _rules.Pair], keeps: bool = False) -> Callable[..., Bounded]:
    """``keeps``: whether the result is one of the elements, so that it falls below nothing that they do not."""

    def reduce(a: Bounded, axis: Any = None, *, keepdims: bool = False) -> Bounded:
        least = a.least if keeps else (0.0 if a.least is not None and a.least >= 0 else None)
        return Bounded(*rule(a.arithmetic, a.value, a.error, axis, keepdims), a.arithmetic, least)

    return reduce


def _moved(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that moves the elements of one array: it does the same to value and error."""

    def move(a: Bounded, *args: Any, **kwargs: Any) -> Any:
        values, errors = function(a.value, *args, **kwargs), function(a.error, *args, **kwargs)
        if isinstance(values, (list, tuple)):
            return type(values)(Bounded(*part, a.arithmetic, a.least) for part in zip(values, errors, strict=True))
        return Bounded(values, errors, a.arithmetic, a.least)

    return move


def _joined(function: Callable[..., Any]) -> Callable[..., Bounded]:
    """A function that joins several arrays into one, constants among them."""

    def join(arrays: Sequence[Any], *args: Any, **kwargs: Any) -> Bounded:
        arithmetic = _arithmetic_of(*arrays)
        values, errors = zip(*(_pair(item, arithmetic) for item in arrays), strict=True)
        return Bounded(function(values, *args, **kwargs), function(errors, *args, **kwargs), arithmetic)

    return join


def _filled(function: Callable[..., Any]) -> Callable[..., Bounded]:
    def fill(a: Bounded) -> Bounded:
        return Bounded(function(a.value), np.zeros_like(a.value), a.arithmetic)

    return fill


_MOVES = (np.reshape, np.transpose, np.moveaxis, np.swapaxes, np.expand_dims, np.squeeze, np.broadcast_to, np.split)
FUNCTIONS.update(
    {
        np.where: _where,
        np.clip: _clip,
        np.sum: _reduction(_reductions.total),
        np.mean: _reduction(_reductions.mean),
        np.max: _reduction(_reductions.highest, keeps=True),
        np.min: _reduction(_reductions.lowest, keeps=True),
        np.zeros_like: _filled(np.zeros_like),
        np.ones_like: _filled(np.ones_like),
        np.shape: lambda a: a.shape,
        np.ndim: lambda a: a.ndim,
        np.size: lambda a, axis=None: np.size(a.value, axis),
        **{function: _moved(function) for function in (*_MOVES, np.ravel, np.flip)},
        **{function: _joined(function) for function in (np.concatenate, np.stack)},
    }
)
