"""``-k backend=torch``: axis=value in pytest's keyword expressions.

Stock pytest refuses ``=`` there. Each ``axis=value`` becomes one identifier that stock pytest understands,
``[axis:value]``, and each test carries the identifiers of its subject as extra keywords: so ``and``, ``or``, ``not``,
parentheses and ordinary test names keep the meaning that pytest gives them, and ``api=nn`` does not match
``api=nn.functional``. A pasted id, with or without its test, means all of its terms together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from adapters.base import AXES

KNOWN = (*AXES, "activation", "clause")
_AXIS = "|".join(KNOWN)
#: A value ends at a space, a bracket, or where the next axis of a pasted id begins.
_TERM = rf"\w+=(?:(?!-(?:{_AXIS})=)[^\s()=\[\]])+"
#: One term, or a pasted id of several, with or without the test that it belongs to.
_ID = re.compile(rf"(?:(?P<test>[\w./:-]+)\[)?(?P<terms>(?<![\w.:]){_TERM}(?:-{_TERM})*)(?(test)\])")


class KeywordError(ValueError):
    """A keyword expression that names what does not exist; the message lists what does."""


def identifier(axis: str, value: str) -> str:
    """The keyword of one axis, as stock pytest can read it."""
    return f"[{axis}:{value}]"


def identifiers(axes: Mapping[str, str]) -> set[str]:
    return {identifier(axis, value) for axis, value in axes.items()}


def _split(joined: str) -> list[tuple[str, str]]:
    """The terms of an id."""
    split = [term.partition("=") for term in re.findall(_TERM, joined)]
    return [(axis, value) for axis, _, value in split]


def terms(expression: str) -> list[tuple[str, str]]:
    """Every axis=value in an expression."""
    return [term for match in _ID.finditer(expression) for term in _split(match["terms"])]


def translate(expression: str, values: Mapping[str, Iterable[str]]) -> str:
    """The expression as stock pytest understands it. ``values``: the known values of each axis.

    Raises KeywordError for an axis or a value that does not exist.
    """
    for axis, value in terms(expression):
        if axis not in KNOWN:
            raise KeywordError(f"-k {axis}={value}: unknown axis {axis!r}; known: {', '.join(KNOWN)}")
        known = sorted(values[axis])
        if value not in known:
            raise KeywordError(f"-k {axis}={value}: unknown {axis} {value!r}; known: {', '.join(known)}")
    return _ID.sub(_translated, expression)


def _translated(match: re.Match[str]) -> str:
    test = [match["test"].rpartition("::")[2]] if match["test"] else []
    parts = [*test, *(identifier(axis, value) for axis, value in _split(match["terms"]))]
    return parts[0] if len(parts) == 1 else f"({' and '.join(parts)})"
