"""A flight recorder: the last case of a process is on disk before the framework sees it.

A file holds the pickled question behind its length: one ``pwrite`` a case. It outlives every death of the process, and
is read by whoever is left: ``python -m adapters.flight FILE`` prints it. Read your own alone: it is a pickle.
"""

from __future__ import annotations

import functools
import os
import pickle
import sys
from pathlib import Path
from typing import Any

_HEAD = 8


class Flight:
    """Where the questions of one process to one adapter are recorded."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{os.getpid()}-{name}"
        folder.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)

    def record(self, message: bytes) -> None:
        """OSError where the disk is full."""
        os.pwrite(self._file, len(message).to_bytes(_HEAD, "little") + message, 0)


@functools.cache
def of(folder: Path, name: str) -> Flight:
    """The recorder of what this process asks in itself."""
    return Flight(folder, name)


def read(path: Path) -> Any:
    """The question that was put last: ("ask", subject, case) or ("prepare", device); None where there is none."""
    content = path.read_bytes()
    length = int.from_bytes(content[:_HEAD], "little")
    return pickle.loads(content[_HEAD : _HEAD + length]) if 0 < length <= len(content) - _HEAD else None


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(name, *(read(Path(name)) or ("nothing was asked",)), sep="\n  ")
