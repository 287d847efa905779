"""How a script shows a finding: by a number beyond its bound, an error, a missing error, a dtype, a special value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from adapters.base import Case, Unsupported
from conformance.reproduce.reduced import Language, plain

#: The lines that make ``got`` -> the lines of the whole, which end with an exit code.
Shown = Callable[[list[str], Language], list[str]]

_DTYPE = re.compile(r"\w+ has the dtype (\w+), expected (\w+)")
_SPECIAL = re.compile(r"(?:y|dx)\[([\d, ]*)\] of \d+ elements is (?:np\.float\d+\()?([-+.\w]+)\)? at x = ")
_SPOILT = re.compile(r"\w+ is (?:not finite|no finite number|\[nan)")


def showing(case: Case, finding: Mapping[str, Any]) -> tuple[str, Shown]:
    """The answer that is asked for, and what is done with it. Raises Unsupported."""
    output, message = str(finding["output"]), str(finding.get("message", ""))
    asked = "dxx" if case.ddx is not None else "ty" if case.tangents else "dx"
    asked = "y" if asked == "dx" and getattr(case, "dy", None) is None else asked
    if "bound" in finding:
        return output, lambda lines, language: [*lines, *_judged(finding, language)]
    if output == "raises":
        return asked, _raises
    if message.startswith("accepted"):
        return "y", _accepts
    if found := _DTYPE.match(message):
        wanted = found[2]
        return output.removesuffix(".dtype"), lambda lines, language: [*lines, *_typed(wanted, language)]
    if found := _SPECIAL.match(message):
        index, got = found[1], float(found[2])
        return output, lambda lines, language: [*lines, *_valued(index, got, language)]
    if _SPOILT.match(message):
        return output, lambda lines, language: [*lines, *_spoilt(language)]
    raise Unsupported("what was found")


def _judged(finding: Mapping[str, Any], language: Language) -> list[str]:
    index = [int(place) for place in finding["index"]]
    expected, bound, got = (float(finding[name]) for name in ("expected", "bound", "got"))
    return [
        f"value = {language.number.format(index if index else '')}",
        f"expected, bound = {plain(expected)}, {plain(bound)}",
        'print("got  ", value)',
        'print("right", expected, "+-", bound)',
        f"sys.exit(int(not abs(value - expected) <= bound))  # in that run: {plain(got)}",
    ]


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" if line else "" for line in lines]


def _raises(lines: list[str], _: Language) -> list[str]:
    told = ['    print("got  ", type(error).__name__, error)', '    print("right an answer")', "    sys.exit(1)"]
    return ["try:", *_indented(lines), "except Exception as error:", *told, 'print("got  ", got)', "sys.exit(0)"]


def _accepts(lines: list[str], _: Language) -> list[str]:
    refused = ["except Exception as error:", '    print("got  ", error)', "    sys.exit(0)"]
    return ["try:", *_indented(lines), *refused, 'print("got  ", got)', 'print("right an error")', "sys.exit(1)"]


def _typed(wanted: str, language: Language) -> list[str]:
    return [
        f"dtype = {language.dtype}",
        'print("got  ", dtype)',
        f'print("right", {wanted!r})',
        f"sys.exit(int(dtype != {wanted!r}))",
    ]


def _valued(index: str, got: float, language: Language) -> list[str]:
    here = "value != value" if got != got else f"value == {plain(got)}"
    return [
        f"value = {language.number.format(f'[{index}]' if index else '')}",
        'print("got  ", value)',
        'print("right the limit, or what the formula gives; the same in every tensor")',
        f"sys.exit(int({here}))",
    ]


def _spoilt(language: Language) -> list[str]:
    return [
        f"values = {language.array}",
        'print("got  ", values.ravel()[:8])',
        'print("right finite numbers")',
        "sys.exit(int(not np.isfinite(values).all()))",
    ]
