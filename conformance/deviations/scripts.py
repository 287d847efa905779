"""Whether a recorded deviation is still there, by its own script: for a record that no case of a run has met."""

from __future__ import annotations

import subprocess
import sys

from conformance.deviations import Deviation

#: Seconds that a script may take; the slowest one compiles for ten, on a machine that does nothing else.
LIMIT = 300.0


def shows(record: Deviation, seconds: float = LIMIT) -> bool:
    """Whether the script exits 1 and says what it got and what is right. A script that does not end says neither."""
    if not record.script.is_file():
        return False
    try:
        done = subprocess.run(
            [sys.executable, str(record.script)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 1 and "got" in done.stdout and "right" in done.stdout
