"""What an activation may answer at single points, judged one by one: kinks, infinities, NaN.

Everything is taken from the specification: at an infinity the limit (its value far out) and what the formula gives
there in IEEE arithmetic, at a kink the derivatives just beside it.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from adapters.base import Activation, Dialect, dtype_of
from conformance import expectation
from conformance.bounded import Bounded
from conformance.cases import PARAMETERS
from reference.activations import ACTIVATIONS
from reference.textbook import TEXTBOOK

Array = np.ndarray[Any, np.dtype[Any]]

#: Scalar code; less than a vector; vector body and a tail of one; the same of a wider vector.
LENGTHS = (1, 2, 17, 33)
#: Numbers that stand beside a special one; nothing happens there.
_ORDINARY = (0.5, 1.0, -0.25, 2.0)
_SLOPE = 0.25
_DIALECT = Dialect()


def parameters(name: str) -> list[dict[str, float]]:
    """Every combination of the parameters that an activation is asked with."""
    named = PARAMETERS.get(name, {})
    return [dict(zip(named, values, strict=True)) for values in itertools.product(*named.values())]


def question(name: str, x: Array, given: dict[str, float], regime: str, recipe: str = "") -> Activation:
    """One activation of ``x`` with the cotangent 1 everywhere."""
    dtype = x.dtype.name
    shape = x.shape if name != "glu" else (*x.shape[:-1], x.shape[-1] // 2)
    return Activation(
        name=name,
        x=x,
        parameters=given,
        alpha=np.array([_SLOPE], dtype) if name == "prelu" else None,
        dy=np.ones(shape, dtype),
        regime=regime,
        recipe={"dy": f"np.ones({shape!r}, {dtype!r})"} | ({"x": recipe} if recipe else {}),
    )


def replaced(case: Activation, **arrays: tuple[Array, str]) -> Activation:
    """The case with other arrays, each with the Python that makes it."""
    recipe = dict(case.recipe) | {name: text for name, (_, text) in arrays.items()}
    values: dict[str, Any] = {name: value for name, (value, _) in arrays.items()}
    return replace(case, **values, recipe=recipe)


def filled(name: str, point: float, length: int, dtype: str, given: dict[str, float], regime: str) -> Activation:
    """One value in every place of a tensor."""
    recipe = f"np.full({length}, np.float64({str(float(point))!r}), {dtype!r})"
    return question(name, np.full(length, point, dtype_of(dtype)), given, regime, recipe)


def among_others(name: str, point: float, dtype: str, given: dict[str, float], regime: str) -> Activation:
    """A value in every other place of a long tensor, in each lane of a vector once."""
    x = np.resize(np.array(_ORDINARY, dtype_of(dtype)), LENGTHS[-1])
    x[1::3] = point
    return question(name, x, given, regime)


@dataclass(frozen=True, eq=False)
class Far:
    """What is right at +-infinity, for every element of an answer: the limit, or NaN where the formula gives NaN."""

    infinite: Array  #: the limit where it is infinite, else 0
    finite: Bounded  #: the limit where it is finite
    nan: bool  #: whether the formula, multiplied out in IEEE arithmetic, is NaN

    def wrong_kind(self, got: Array) -> Array:
        """Where the answer is not infinite, finite or NaN as it may be; what is finite has its bound besides."""
        right = np.where(np.isinf(self.infinite), got == self.infinite, np.isfinite(got))
        return ~(right | (np.isnan(got) & self.nan))


def far_out(case: Activation) -> Activation:
    """The same case with every x far out on its side, beyond the range of a 16-bit dtype."""
    computed = expectation.STABLE.arithmetic(case, case.x.dtype.name)
    return replace(case, x=np.copysign(math.sqrt(computed.largest), case.x.astype(np.float64)), recipe={})


def far(case: Activation, dtype: str) -> dict[str, Far]:
    """Value and gradient of an elementwise activation where every x is infinite."""
    limits = expectation.expect(far_out(case), dtype, _DIALECT)
    found = {}
    for name, part in (("y", _value), ("dx", _slope)):
        formulas = [part(table[case.name], case) for table in (ACTIVATIONS, TEXTBOOK)]
        infinite = np.where(np.isinf(formulas[0]), formulas[0], 0.0)
        found[name] = Far(infinite, limits[name], any(np.isnan(formula).any() for formula in formulas))
    return found


def _given(case: Activation) -> dict[str, Any]:
    return dict(case.parameters) | ({} if case.alpha is None else {"alpha": case.alpha.astype(np.float64)})


def _value(entry: Any, case: Activation) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(entry.forward(case.x.astype(np.float64), **_given(case)))


def _slope(entry: Any, case: Activation) -> Array:
    assert case.dy is not None
    with np.errstate(all="ignore"):
        answer = entry.gradient(case.dy.astype(np.float64), case.x.astype(np.float64), **_given(case))
    return np.asarray(answer[0] if isinstance(answer, tuple) else answer)


def kinks(name: str, given: dict[str, float]) -> tuple[float, ...]:
    """Where the derivative jumps, with these parameters."""
    return (0.0,) if name == "elu" and given["alpha"] != 1.0 else ACTIVATIONS[name].kinks


def between_one_sided(case: Activation, dtype: str) -> Bounded:
    """dx at a kink, exactly there: from the smaller one-sided derivative to the larger one."""
    assert case.dy is not None
    arithmetic = expectation.STABLE.arithmetic(case, dtype)
    given = dict(case.parameters)
    if case.alpha is not None:
        given["alpha"] = Bounded.input(case.alpha, arithmetic)
    sides = []
    for direction in (-np.inf, np.inf):
        # The neighbour in the dtype that is computed in; at zero the smallest normal one, to stand clear of it.
        wide = case.x.astype(arithmetic.dtype)
        beside = np.nextafter(wide, wide.dtype.type(direction)).astype(np.float64)
        beside = np.where(case.x == 0, np.copysign(arithmetic.tiny, direction), beside)
        exact = Bounded(beside, np.zeros_like(beside), arithmetic)
        answer = ACTIVATIONS[case.name].gradient(Bounded.exact(case.dy, arithmetic), exact, **given)
        sides.append(answer[0] if isinstance(answer, tuple) else answer)
    left, right = sides
    low = np.minimum(left.value - left.error, right.value - right.error)
    high = np.maximum(left.value + left.error, right.value + right.error)
    return Bounded((low + high) / 2, (high - low) / 2, arithmetic)
