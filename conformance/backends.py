"""The backends that exist: those of this repository, and those that other distributions offer by entry point."""

from __future__ import annotations

import functools
import importlib
from importlib import metadata

from adapters.base import Adapter

#: A backend's module has its name, with an underscore for a hyphen.
BUILTIN = ("numpy", "torch", "tensorflow", "jax", "keras-torch", "keras-jax")
#: An entry point in this group names a module attribute that is an Adapter; its name is the backend's name.
GROUP = "conformance.adapters"


class UnknownBackend(ValueError):  # noqa: N818 - says what is the matter
    """No adapter has that name; the message lists those that exist."""


@functools.lru_cache(maxsize=1)
def _third_party() -> dict[str, metadata.EntryPoint]:
    return {point.name: point for point in metadata.entry_points(group=GROUP) if point.name not in BUILTIN}


def names() -> tuple[str, ...]:
    """Every known backend, installed or not."""
    return (*BUILTIN, *sorted(_third_party()))


@functools.cache
def adapter(name: str) -> Adapter:
    """The adapter of a backend. Its framework is not imported, and need not be installed."""
    if name in BUILTIN:
        found = importlib.import_module(f"adapters.{name.replace('-', '_')}").ADAPTER
    elif name in _third_party():
        point = _third_party()[name]
        try:
            found = point.load()
        except Exception as error:
            raise UnknownBackend(f"backend {name!r}: its entry point {point.value} cannot be loaded: {error}") from None
    else:
        raise UnknownBackend(f"unknown backend {name!r}; known: {', '.join(names())}")
    if not isinstance(found, Adapter):
        raise UnknownBackend(
            f"backend {name!r}: its entry point gives a {type(found).__name__}, not an adapters.base.Adapter"
        )
    return found


def installed() -> tuple[Adapter, ...]:
    """The adapters whose framework can be asked here."""
    return tuple(found for found in map(adapter, names()) if found.missing() is None)


def missing() -> dict[str, str]:
    """Backend -> why it cannot be asked here, and the pip line that mends it."""
    reasons = {name: adapter(name).missing() for name in names()}
    return {name: reason for name, reason in reasons.items() if reason is not None}
