"""results.json: what a run found, in a versioned schema, valid at every moment of the run."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import math
import os
import platform
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters.base import Adapter
from conformance import __version__, machine, ulps

SCHEMA = "conformance-results"
SCHEMA_VERSION = 2
VERDICTS = ("pass", "deviation", "fail", "crash", "timeout", "undecided", "unsupported")
#: Verdicts that make a run fail.
BAD = ("fail", "crash", "timeout")
#: What changes how a framework computes, where the environment says it.
FLAGS = (
    "XLA_FLAGS TF_XLA_FLAGS TF_ENABLE_ONEDNN_OPTS JAX_ENABLE_X64 JAX_DEFAULT_MATMUL_PRECISION JAX_DISABLE_JIT "
    "KERAS_BACKEND NVIDIA_TF32_OVERRIDE ATEN_CPU_CAPABILITY ONEDNN_MAX_CPU_ISA CUBLAS_WORKSPACE_CONFIG OMP_NUM_THREADS"
).split()

Row = dict[str, Any]


class ResultsError(Exception):
    """A results file that cannot be read or written; the message says which and why, in one line."""


def environment(adapters: Iterable[Adapter]) -> dict[str, Any]:
    """What a result depends on besides the suite: versions, platform, processor."""
    import numpy as np

    versions = {name: version for adapter in adapters for name, version in adapter.versions().items()}
    return {
        "suite": __version__,
        "source": source(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "processor": machine.processor("model name") or platform.processor(),
        "extensions": _extensions(),
        "flags": {name: os.environ[name] for name in FLAGS if os.environ.get(name)},
        "versions": {"numpy": np.__version__, **versions},
    }


@functools.cache
def source() -> str:
    """Twelve digits for the suite's own files, records included: two commits of one version are not the same suite."""
    import adapters
    import reference

    digest = hashlib.sha256()
    for package in (Path(__file__).parent, *(Path(str(each.__file__)).parent for each in (adapters, reference))):
        for path in sorted((*package.rglob("*.py"), *package.rglob("*.toml"))):
            digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def _extensions() -> list[str]:
    """Instruction sets beyond the oldest that NumPy serves, as NumPy names them: frameworks choose kernels by them."""
    import numpy as np

    found: list[str] = np.show_config(mode="dicts").get("SIMD Extensions", {}).get("found", [])
    return found


def processor(environment: Mapping[str, Any]) -> str:
    """The processor that a run's ``environment`` tells of, with its instruction sets; '' where it tells of none."""
    name = environment.get("processor") or environment.get("machine") or ""
    extensions = ", ".join(environment.get("extensions", ()))
    return f"{name} ({extensions})" if name and extensions else name or extensions


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
    #: Seconds between two writes at least, and the share of the time that they may take: a run of thousands of rows
    #: does not spend it writing them again. What came since the last one is in :mod:`conformance.journal`.
    interval: float = 2.0
    share: float = 0.05
    _next: float = 0.0

    def add(self, row: Row) -> None:
        self.rows.append(row)
        if self.path is not None and time.monotonic() > self._next:
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
        start = time.monotonic()
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
        end = time.monotonic()
        self._next = end + max(self.interval, (end - start) / self.share)


def unwritable(path: Path, error: OSError) -> ResultsError:
    return ResultsError(f"cannot write results to {path}: {error.strerror or error}; name another file with --results")


def load(path: Path) -> Results:
    """Read a results file. Raises ResultsError with one line that says what is wrong, and on which line of the file."""
    from conformance import reading  # which needs more than a run that only writes

    return Results(*reading.read(path))
