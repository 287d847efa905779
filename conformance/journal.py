"""What a run keeps beside its results file while it goes: the rows since the last writing, a lock, the flights.

``results.json`` is written anew every few seconds, in a long run once a minute. Each row is in ``.results.json.rows``
before it is counted as done, so that ``kill -9`` at any moment loses none; a lock on that file keeps a second run away
from the same results.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from pathlib import Path

from conformance import results
from conformance.results import ResultsError, Row

try:
    import fcntl
except ImportError:  # no such locks on this system
    fcntl = None  # type: ignore[assignment]


def rows_beside(path: Path) -> list[Row]:
    """The rows that a run that did not end has left beside its results. What was cut off in the middle is left out."""
    found = []
    with contextlib.suppress(OSError):
        for line in _beside(path, "rows").read_text("utf-8", "replace").splitlines():
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
    return found


def flights(path: Path) -> Path:
    """Where the cases that are being asked are kept (see :mod:`adapters.flight`)."""
    return _beside(path, "flights")


def _beside(path: Path, what: str) -> Path:
    return path.parent / f".{path.name}.{what}"


class Journal:
    """The rows of a run that goes. Raises ResultsError where there can be none, or another run has the results."""

    def __init__(self, path: Path) -> None:
        self._results, self._path = path, _beside(path, "rows")
        try:
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise results.unwritable(path, error) from None
        try:
            if fcntl is not None:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise ResultsError(f"another run is writing {path}; name another file with --results") from None
        except OSError:
            pass  # a file system without locks
        self._tidy()

    def _tidy(self) -> None:
        """Remove what runs that were killed left half written: no living one has this lock."""
        shutil.rmtree(flights(self._results), ignore_errors=True)
        for half in self._results.parent.glob(f".{self._results.name}.[0-9]*"):
            with contextlib.suppress(OSError):
                half.unlink()

    def clear(self) -> None:
        """Forget the rows: they are in the results file."""
        os.ftruncate(self._file, 0)

    def append(self, row: Row) -> None:
        line = json.dumps(results.plain(row), allow_nan=False).encode() + b"\n"
        try:
            if os.write(self._file, line) < len(line):
                raise OSError(28, "No space left on device")
        except OSError as error:
            raise results.unwritable(self._results, error) from None

    def close(self) -> None:
        """Leave nothing behind: the results file is complete."""
        self._tidy()
        with contextlib.suppress(OSError):
            self._path.unlink()
        os.close(self._file)
