"""``-k backend=torch``: axis=value in pytest's keyword expressions.

Stock pytest refuses ``=`` there. Each ``axis=value`` becomes one identifier that stock pytest understands,
``[axis:value]``, and each test carries the identifiers of its subject as extra keywords: so ``and``, ``or``, ``not``,
parentheses and ordinary test names keep the meaning that pytest gives them, and ``api=nn`` does not match
``api=nn.functional``. A pasted id, with or without its test, means all of its terms together.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

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


def selector(expression: str) -> Callable[[Mapping[str, str]], bool]:
    """Whether a test of the given axes may be selected, so that what cannot be is not collected in the first place.

    Every axis=value is true or false; what else stands there may be either, and pytest decides later.
    """
    leaves: list[re.Match[str]] = []

    def leaf(match: re.Match[str]) -> str:
        if match[0] in ("and", "or", "not"):
            return match[0]
        leaves.append(match)
        return f"_{len(leaves) - 1}"

    try:
        tree = ast.parse(re.sub(rf"{_ID.pattern}|[^\s()]+", leaf, expression).strip(), mode="eval").body
    except SyntaxError:  # nothing, or what pytest itself complains about
        return lambda axes: True
    return lambda axes: _truth(tree, leaves, axes) is not False


def _truth(node: ast.expr, leaves: Sequence[re.Match[str]], axes: Mapping[str, str]) -> bool | None:
    """True, False, or None where it is not known."""
    match node:
        case ast.BoolOp():
            values = [_truth(each, leaves, axes) for each in node.values]
            decided = isinstance(node.op, ast.Or)
            return decided if decided in values else None if None in values else not decided
        case ast.UnaryOp():
            value = _truth(node.operand, leaves, axes)
            return None if value is None else not value
        case ast.Name():
            found = leaves[int(node.id[1:])]
            if found["terms"] is None:
                return None
            fits = all(axes.get(axis) == value for axis, value in _split(found["terms"]))
            return None if fits and found["test"] else fits
    return None
