"""What the system tells of the processor."""

from __future__ import annotations

from pathlib import Path


def processor(name: str, path: Path = Path("/proc/cpuinfo")) -> str:
    """What Linux tells under ``name``, e.g. "model name" or "flags", of the first processor; '' on other systems."""
    try:
        lines = path.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    told = (line.partition(":") for line in lines)
    return next((value.strip() for title, _, value in told if title.strip() == name), "")
