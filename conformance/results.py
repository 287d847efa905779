"""results.json: what a run found, in a versioned schema, valid at every moment of the run."""

from __future__ import annotations

import contextlib
import json
import math
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters.base import AXES, Adapter
from conformance import __version__, ulps

SCHEMA = "conformance-results"
SCHEMA_VERSION = 1
VERDICTS = ("pass", "deviation", "fail", "crash", "timeout", "undecided", "unsupported")
#: Verdicts that make a run fail.
BAD = ("fail", "crash", "timeout")
#: The columns of a row, with the types that a reader may rely on.
ROW: dict[str, tuple[type, ...]] = {
    "clause": (str,),
    "subject": (dict,),
    "activation": (str, type(None)),
    "verdict": (str,),
    "grade": (str, type(None)),
    "examples": (int,),
    "elements": (int,),
    "undecided": (int,),
    "worst": (int, float, str),
    "worst_small": (int, float, str),
    "seconds_framework": (int, float),
    "seconds_total": (int, float),
    "counterexample": (dict, type(None)),
    "deviations": (dict,),
    "unsupported": (list,),
    "statistics": (list,),
    #: Of an activation's value and gradient (y, dx): the worst error in units in the last place of the dtype, of all
    #: answers, ``{"ulps": number, "x": number or null, "got": number, "expected": number}``; else empty.
    "ulps": (dict,),
    "message": (str, type(None)),
}
#: What a reader may rely on in the description of the run.
RUN: dict[str, tuple[type, ...]] = {
    "started": (str,),
    "finished": (str, type(None)),
    "complete": (bool,),
    "profile": (str,),
    "seed": (int,),
    "backends": (list,),
    "missing": (dict,),
    "records": (dict,),
    "false_alarm": (dict,),
    "environment": (dict,),
}
#: How :func:`plain` writes what JSON has no number for.
SPECIAL = ("nan", "inf", "-inf")

Row = dict[str, Any]


class ResultsError(Exception):
    """A results file that cannot be read or written; the message says which and why, in one line."""


def environment(adapters: Iterable[Adapter]) -> dict[str, Any]:
    """What a result depends on besides the suite: versions, platform, processor."""
    import numpy as np

    versions = {name: version for adapter in adapters for name, version in adapter.versions().items()}
    return {
        "suite": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "versions": {"numpy": np.__version__, **versions},
    }


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def plain(value: Any) -> Any:
    """The value as JSON can hold it: NaN and infinities become the strings that float() reads back."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


@dataclass
class Results:
    """A run and its rows, kept on disk as the run goes."""

    run: dict[str, Any]
    rows: list[Row] = field(default_factory=list)
    path: Path | None = None
    #: Seconds between two writes: a run of thousands of rows does not spend its time writing them again.
    interval: float = 2.0
    _written: float = 0.0

    def add(self, row: Row) -> None:
        self.rows.append(row)
        if self.path is not None and time.monotonic() - self._written > self.interval:
            self.write()

    def finish(self, **closing: Any) -> None:
        self.run |= {"finished": now(), "complete": True, **closing}
        if self.path is not None:
            self.write()

    def document(self) -> dict[str, Any]:
        rows = sorted(self.rows, key=lambda row: (row["clause"], *row["subject"].values(), row["activation"] or ""))
        head = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, "run": plain(self.run)}
        return {**head, "ulps": plain(ulps.table(rows)), "results": plain(rows)}

    def write(self) -> None:
        """Write beside the target and rename: a reader never sees half a file. Raises ResultsError."""
        assert self.path is not None
        self._written = time.monotonic()
        temporary = self.path.parent / f".{self.path.name}.{os.getpid()}"
        try:
            with temporary.open("w", encoding="utf-8") as file:
                json.dump(self.document(), file, indent=1, allow_nan=False)
                file.write("\n")
            os.replace(temporary, self.path)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise unwritable(self.path, error) from None


def unwritable(path: Path, error: OSError) -> ResultsError:
    return ResultsError(f"cannot write results to {path}: {error.strerror or error}; name another file with --results")


def load(path: Path) -> Results:
    """Read a results file. Raises ResultsError with one line that says what is wrong, and on which line of the file."""
    try:
        document = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ResultsError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ResultsError(f"{path}: not a text file in UTF-8") from None
    except json.JSONDecodeError as error:
        raise ResultsError(f"{path}: line {error.lineno}: {error.msg}; the file is damaged or not JSON") from None
    except ValueError as error:  # a number of too many digits, a path with a null character
        raise ResultsError(f"{path}: not readable as JSON: {error}") from None
    except RecursionError:
        raise ResultsError(f"{path}: nested too deeply to be results of a run") from None
    return _checked(document, path)


def _checked(document: Any, path: Path) -> Results:
    def check(condition: bool, message: str) -> None:
        if not condition:
            raise ResultsError(f"{path}: {message}")

    known = isinstance(document, dict) and document.get("schema") == SCHEMA
    check(known, f"not a conformance results file (no schema {SCHEMA!r})")
    version = document.get("schema_version")
    wanted = f"this program reads version {SCHEMA_VERSION}: run the suite again, or use the version that wrote the file"
    check(version == SCHEMA_VERSION, f"schema version {str(version)[:40]!r}; {wanted}")
    run, rows = document.get("run"), document.get("results")
    check(isinstance(run, dict) and isinstance(rows, list), "'run' must be an object and 'results' a list")
    _check_run(run, check)
    for number, row in enumerate(rows, 1):
        _check_row(row, f"result {number}", check)
    return Results(run, rows)


Check = Callable[[bool, str], None]


def _check_columns(table: Mapping[str, Any], columns: Mapping[str, tuple[type, ...]], place: str, check: Check) -> None:
    for column, types in columns.items():
        wanted = " or ".join("null" if kind is type(None) else kind.__name__ for kind in types)
        fits = column in table and isinstance(table[column], types)
        check(fits and (bool in types or not isinstance(table[column], bool)), f"{place}: {column!r} must be {wanted}")


def _check_run(run: Mapping[str, Any], check: Check) -> None:
    _check_columns(run, RUN, "run", check)
    for name in ("missing", "records"):
        kind = str if name == "missing" else dict
        fits = all(isinstance(value, kind) for value in run[name].values())
        check(fits, f"run: each of {name!r} must be {kind.__name__}")
    for name in ("backends", "stale"):
        values = run.get(name, [])
        fits = isinstance(values, list) and all(isinstance(value, str) for value in values)
        check(fits, f"run: {name!r} must be a list of str")
    check(_is_number(run.get("seconds", 0)), "run: 'seconds' must be a number")
    check(_is_number(run["false_alarm"].get("run")), "run: false_alarm.run must be a number")


def _check_row(row: Any, place: str, check: Check) -> None:
    check(isinstance(row, dict), f"{place} is not an object")
    _check_columns(row, ROW, place, check)
    check(row["verdict"] in VERDICTS, f"{place}: unknown verdict {str(row['verdict'])[:40]!r}")
    axes = row["subject"]
    check(set(axes) == set(AXES), f"{place}: 'subject' must have the axes {', '.join(AXES)}")
    check(all(isinstance(value, str) for value in axes.values()), f"{place}: each axis of 'subject' must be str")
    for column in ("examples", "elements", "undecided"):
        check(0 <= row[column] < 2**63, f"{place}: {column!r} is no count")
    for column in ("worst", "worst_small", "seconds_framework", "seconds_total"):
        check(_is_number(row[column]), f"{place}: {column!r} must be a number or one of {', '.join(SPECIAL)}")
    _check_ulps(row, place, check)
    for test in row["statistics"]:
        fits = isinstance(test, dict) and all(_is_number(test.get(key)) for key in ("false_alarm", "detectable_shift"))
        check(fits, f"{place}: each of 'statistics' must have the numbers false_alarm and detectable_shift")


def _check_ulps(row: Mapping[str, Any], place: str, check: Check) -> None:
    for output, found in row["ulps"].items():
        fits = isinstance(found, dict) and all(_is_number(found.get(key)) for key in ("ulps", "got", "expected"))
        fits = fits and "x" in found and (found["x"] is None or _is_number(found["x"]))
        check(fits, f"{place}: ulps of {output[:40]!r} must have the numbers ulps, got, expected and x (or null)")


def _is_number(value: Any) -> bool:
    """Whether float() reads the value back as :func:`plain` wrote it."""
    if isinstance(value, str):
        return value in SPECIAL
    return isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63)
