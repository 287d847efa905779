"""How many processes ``-n auto`` starts: a processor each, and no more than there is memory for."""

from __future__ import annotations

import os

#: As many as are started at most.
MOST = 4
#: Bytes that a worker and the frameworks that it has started come to, in a run of all of them.
EACH = 5 * 2**30


def automatic(each: int = EACH) -> int:
    """A processor each, at most ``MOST``, and so many that each has its memory; one at least."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(MOST, processors, _memory() // each))


def _memory() -> int:
    """Bytes that the machine has, or a great many where it does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 2**63
