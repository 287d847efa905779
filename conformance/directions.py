"""What a case needs to ask for derivatives of higher kinds: a direction of x and the parameters, a cotangent of dx."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from hypothesis import strategies as st

from adapters.base import Case
from conformance import regimes
from conformance.cases import DRAWN_SINGLY, composite

Array = np.ndarray[Any, np.dtype[Any]]
Question = TypeVar("Question", bound=Case)


def _filled(like: Array, seed: int) -> tuple[Array, str]:
    """Normal numbers in the shape and dtype of an array, and the Python that makes them."""
    dtype = like.dtype.name
    return regimes.fill(
        "normal", like.shape, seed, dtype
    ), f"fill('normal', {like.shape!r}, seed={seed}, dtype={dtype!r})"


def _noted(case: Case, made: dict[str, tuple[Array, str]]) -> dict[str, str]:
    return dict(case.recipe) | {name: recipe for name, (value, recipe) in made.items() if value.size > DRAWN_SINGLY}


@composite
def forward(draw: st.DrawFn, questions: st.SearchStrategy[Question], *names: str) -> Question:
    """A question that asks for the tangent of y too, in a direction of x and of those of the parameters that it has."""
    case = draw(questions)
    seed = draw(st.integers(0, 2**16 - 1))
    made = {}
    for index, name in enumerate(("x", *names)):
        value = getattr(case, name)
        if value is not None:
            made[name] = _filled(value, seed + index)
    recipe = _noted(case, {f"t{name}": each for name, each in made.items()})
    return replace(case, tangents={name: value for name, (value, _) in made.items()}, recipe=recipe)


@composite
def second(draw: st.DrawFn, questions: st.SearchStrategy[Question]) -> Question:
    """A question that has dy and asks for the derivatives of <dx, ddx> too."""
    case: Any = draw(questions)
    made = {"ddx": _filled(case.x, draw(st.integers(0, 2**16 - 1)))}
    asked: Question = replace(case, ddx=made["ddx"][0], recipe=_noted(case, made))
    return asked
