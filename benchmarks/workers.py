"""The same run with 1, 2 and 4 workers: time, efficiency, memory. More workers than idle processors say nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import command

RUN = ("--backend", "torch", "--mode", "eager", "--dtype", "float32,float64", "--clause", "LN.*,ACT.value,ACT.grad")


HEAD = ["workers", "s", "CPU s", "efficiency", "wanted", "MB a worker", "MB its torch", "processors busy"]


def rows() -> Iterator[list[str]]:
    first = 0.0
    for workers in (1, 2, 4):
        with tempfile.TemporaryDirectory() as folder:
            run = ("-m", "conformance", "run", *RUN, "-n", str(workers), "--results", "r.json")
            spent = command(*run, cwd=Path(folder), watch=True)
        first = first or spent.wall
        memory = spent.memory or {}
        idle = f"{os.getloadavg()[0]:.0f} of {os.cpu_count()}"
        figures = [f"{memory.get(kind, 0):.0f}" for kind in ("worker", "torch")]
        efficiency = f"{first / spent.wall / workers:.2f}"
        yield ([f"{workers}", f"{spent.wall:.0f}", f"{spent.cpu:.0f}", efficiency, "0.8", *figures, idle])
