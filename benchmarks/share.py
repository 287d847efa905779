"""The share of time that is spent inside the framework, warm: everything is asked twice, the second time counts.

As in a run every subject is asked, clause by clause. What the suite knew of the first time is forgotten.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.measure import CLAUSES_ASKED, ROOT, examinations, forget
from conformance import profiles, suite

PLACES = {
    "torch": ("eager", "compile", "vmap"),
    "tensorflow": ("eager", "function", "xla"),
    "jax": ("eager", "jit", "vmap"),
}


def measured(backend: str, mode: str) -> dict[str, float]:
    """Cases, seconds, and the share in the framework, in this process."""
    tests, cases, inside, total = suite.tests(), 0, 0.0, 0.0
    for again in (False, True):
        forget()
        for exam in examinations(backend, *CLAUSES_ASKED, mode=mode):
            exam.adapter.prepare("cpu")
            start = time.perf_counter()
            tests[exam.clause.id](exam)
            if again:
                total += time.perf_counter() - start
                cases += exam.record.examples
                inside += exam.record.framework_seconds
    return {"cases": cases, "seconds": total, "share": inside / total if total else 0.0}


HEAD = ["backend", "mode", "cases", "ms a case", "in the framework", "wanted"]


def rows() -> Iterator[list[str]]:
    for backend, modes in PLACES.items():
        for mode in modes:
            run = [sys.executable, "-m", "benchmarks.share", backend, mode]
            found = json.loads(subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
            wanted = "60 %" if mode == "eager" else "80 %"
            each = 1e3 * found["seconds"] / max(1, found["cases"])
            yield ([backend, mode, f"{found['cases']}", f"{each:.1f}", f"{found['share']:.0%}", wanted])


if __name__ == "__main__":
    profiles.choose("ci")
    print(json.dumps(measured(*sys.argv[1:])))
