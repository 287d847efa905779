"""``-k backend=torch``: axis=value in pytest's keyword expressions.

Stock pytest refuses ``=`` there. Each ``axis=value`` becomes one identifier that stock pytest understands, ``[axis:value]``,
and each test carries the identifiers of its subject as extra keywords: so ``and``, ``or``, ``not``, parentheses and ordinary
test names keep the meaning that pytest gives them, and ``api=nn`` does not match ``api=nn.functional``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from adapters.base import AXES

KNOWN = (*AXES, "activation", "clause")
_AXIS = "|".join(KNOWN)
#: A value ends at a space, a parenthesis, or where the next axis of a pasted id begins.
_TERM = re.compile(rf"(?<![\w.\[:])(\w+)=((?:(?!-(?:{_AXIS})=)[^\s()=])+)(-(?={_AXIS}))?")


class KeywordError(ValueError):
    """A keyword expression that names what does not exist; the message lists what does."""


def identifier(axis: str, value: str) -> str:
    """The keyword of one axis, as stock pytest can read it."""
    return f"[{axis}:{value}]"


def identifiers(axes: Mapping[str, str]) -> set[str]:
    return {identifier(axis, value) for axis, value in axes.items()}


def terms(expression: str) -> list[tuple[str, str]]:
    """Every axis=value in an expression."""
    return [(match[1], match[2]) for match in _TERM.finditer(expression)]


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
    return _TERM.sub(lambda m: identifier(m[1], m[2]) + (" and " if m[3] else ""), expression)
