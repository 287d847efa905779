"""The file of a qualification: what each judge said of every fault and every sound layer, in a versioned schema."""

from __future__ import annotations

import contextlib
import functools
import json
import os
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

from conformance import reading, results

SCHEMA = "conformance-qualification"
SCHEMA_VERSION = 1

Document = dict[str, Any]


class QualificationError(Exception):
    """A file that cannot be read or written; the message says which and why, in one line."""


def load(path: Path) -> Document:
    """Read a file, checked against its schema. Raises QualificationError with one line that says what is wrong."""
    try:
        document = reading.parsed(path)
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise QualificationError(f"{path}: not the file of a qualification (no schema {SCHEMA!r})")
        if document.get("schema_version") != SCHEMA_VERSION:
            version = str(document.get("schema_version"))[:40]
            raise QualificationError(f"{path}: schema version {version!r}; run 'conformance qualify' again")
        reading.check(_validate(), document, path)
    except results.ResultsError as error:
        raise QualificationError(str(error)) from None
    return document


@functools.cache
def _validate() -> Callable[[Any], Any]:
    text = resources.files(__package__).joinpath("qualification.schema.json").read_text("utf-8")
    return reading.validator(json.loads(text))


def writable(path: Path) -> None:
    """Raises QualificationError where the file could not be written."""
    folder = path.absolute().parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise QualificationError(f"cannot write {path}: no file can be made there; name another with --results")


def save(document: Document, path: Path) -> None:
    """Write beside the target and rename. Raises QualificationError."""
    temporary = path.parent / f".{path.name}.{os.getpid()}"
    try:
        text = json.dumps(results.plain(document), indent=1, allow_nan=False)
        temporary.write_text(f"{text}\n", "utf-8", newline="\n")
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise QualificationError(f"cannot write {path}: {error.strerror or error}; name another file") from None
