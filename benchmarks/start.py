"""How long a cold ``pytest -k backend=X`` takes before the first answer, against importing X and doing nothing."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import command

IMPORTS = {"torch": "import torch", "tensorflow": "import tensorflow", "jax": "import jax, flax"}


HEAD = [
    "backend",
    "import, CPU s",
    "pytest, one clause, CPU s",
    "ours, CPU s",
    "collection, CPU s",
    "on the clock, s",
]


def rows() -> Iterator[list[str]]:
    for backend, code in IMPORTS.items():
        command("-c", code)  # the files are in the page cache from here on
        alone = command("-c", code)
        one = f"backend={backend} and clause=NE.shape and mode=eager and dtype=float32"
        asked = command("-m", "pytest", "-q", "-p", "no:cacheprovider", "--conformance-profile=quick", "-k", one)
        nothing = command("-m", "pytest", "-q", "-p", "no:cacheprovider", "--collect-only", "-k", f"backend={backend}")
        figures = (alone.cpu, asked.cpu, asked.cpu - alone.cpu, nothing.cpu, nothing.wall)
        yield ([backend, *(f"{each:.1f}" for each in figures)])
