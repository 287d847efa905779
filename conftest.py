"""Makes ``pytest -k backend=torch`` work in a checkout with nothing of ours installed."""

from __future__ import annotations

from pathlib import Path

import pytest

import conformance

pytest_plugins = ["conformance.plugin"]


def pytest_configure() -> None:
    """Refuse a mixture: ``pytest`` loads an installed plugin, and with it that copy of us, before it looks in here."""
    loaded = Path(conformance.__file__).resolve().parent
    if loaded != Path(__file__).resolve().parent / "conformance":
        told = f"{loaded} is installed and was loaded in place of this checkout"
        raise pytest.UsageError(f"{told}: run 'python -m pytest', or install with 'python -m pip install --editable .'")
