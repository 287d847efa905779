"""The clauses as ordinary pytest tests, one module a layer."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable


def tests() -> dict[str, Callable[..., None]]:
    """Clause id -> the test that states it, for those who put clauses to a subject without pytest."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        for value in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            for mark in getattr(value, "pytestmark", ()):
                if mark.name == "clause":
                    found[mark.args[0]] = value
    return found
