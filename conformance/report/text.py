"""Text of others (messages, versions, device names) made harmless: nothing in it is markup or moves a cursor."""

from __future__ import annotations

import html
import re
from typing import Any

_SUSPECT = re.compile(r"[^\x20-\x7e\n\t]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|<>~&@$])")


def harmless(text: str) -> str:
    """The text with what cannot be seen written out, ``\\x1b`` for an escape character; newlines and tabs stay."""
    return _SUSPECT.sub(lambda found: _shown(found[0]), text)


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def printable(value: Any) -> Any:
    """Every string in a document, keys included, made harmless."""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, dict):
        return {harmless(key): printable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [printable(item) for item in value]
    return value


def line(text: str, longest: int = 300) -> str:
    """The text in one line of bounded length."""
    flat = " ".join(text.split())
    return flat if len(flat) <= longest else flat[: longest - 1] + "…"


def markdown(text: str) -> str:
    """The text in one line of Markdown that shows it as it is, in a table too."""
    return _MARKDOWN.sub(r"\\\1", line(text)).replace("://", ":\\//").replace("www.", "www\\.")


def code(text: str) -> str:
    """The text as one piece of code in Markdown, in a table too."""
    flat = line(text).replace("|", "¦")
    if not flat:
        return ""
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", flat)), default=0))
    space = " " if flat[0] == "`" or flat[-1] == "`" else ""
    return f"{fence}{space}{flat}{space}{fence}"


def block(text: str, language: str = "") -> str:
    """The text as a block of code in Markdown."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text.rstrip()}\n{fence}\n"


def link(address: str) -> str | None:
    """An address that may be followed: http and https alone."""
    return address if re.fullmatch(r"https?://[^\s\"'<>\\]+", address) else None


def attribute(text: str) -> str:
    return html.escape(text, quote=True)


def figure(value: float | str | None, digits: int = 3) -> str:
    """A number as people write it, nan and inf included."""
    if value is None:
        return ""
    number = float(value)
    return f"{number:.{digits}g}"
