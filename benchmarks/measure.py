"""What the benchmarks measure with: examinations outside pytest, and commands with their time and memory."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import psutil

from conformance import backends, bernoulli, deviations, expectation, plan
from conformance.clauses import CLAUSES
from conformance.examination import Examination
from conformance.replay import SCRIPTS

ROOT = Path(__file__).resolve().parent.parent
#: One clause with gradients of each layer, and two activations: one that is a kernel, one that is a formula.
CLAUSES_ASKED = ("BN.train.grad", "LN.grad", "NE.grad", "ACT.grad")
ACTIVATIONS_ASKED = (None, "silu", "softplus")


def examinations(
    backend: str, *clauses: str, mode: str = "eager", dtype: str = "float32", api: str = "*", isolated: bool = False
) -> Iterator[Examination]:
    """The examinations of a run, with the recorded deviations, without pytest."""
    adapter = backends.adapter(backend)
    known, versions = deviations.load(backend), adapter.versions()
    for name in clauses:
        for entry in plan.entries(CLAUSES[name], [adapter]):
            subject = entry.subject
            wanted = (subject.mode, subject.dtype) == (mode, dtype) and fnmatchcase(subject.api, api)
            records = tuple(r for r in known if r.concerns(name, subject, entry.activation, versions))
            if wanted and entry.activation in ACTIVATIONS_ASKED:
                yield Examination(
                    entry.clause, subject, adapter, entry.activation, false_alarm=bernoulli.LEDGER, isolated=isolated,
                    deviations=records,
                )  # fmt: skip


def forget() -> None:
    """Know nothing of earlier subjects, as when a run begins: what is warm is the framework, not the suite."""
    SCRIPTS.clear()
    expectation.KEPT.clear()


@dataclass
class Spent:
    """What a command took: seconds on the clock and of processors, and the largest memory of its processes in MB."""

    wall: float = 0.0
    cpu: float = 0.0
    memory: dict[str, float] | None = None


def command(*arguments: str, cwd: Path = ROOT, check: bool = True, watch: bool = False) -> Spent:
    """Run Python with arguments. ``watch``: look at the memory of its processes while it goes."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    memory: dict[str, float] = {}
    watcher = threading.Thread(target=_watch, args=(process.pid, memory), daemon=True)
    if watch:
        watcher.start()
    assert process.stdout is not None
    told = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if check and process.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(arguments)}: {process.returncode}\n{told.decode()[-2000:]}")
    return Spent(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, memory)


def _watch(pid: int, memory: dict[str, float]) -> None:
    """The largest resident memory of each kind of process below one: pytest's workers, and the frameworks they ask."""
    while psutil.pid_exists(pid):
        try:
            for each in psutil.Process(pid).children(recursive=True):
                text = " ".join(each.cmdline())
                framework = next((name for name in backends.BUILTIN if f'"adapters.{name}"' in text), None)
                kind = framework or ("worker" if "execnet" in text else "other")
                memory[kind] = max(memory.get(kind, 0.0), each.memory_info().rss / 2**20)
        except psutil.Error:
            pass
        time.sleep(0.2)


@contextmanager
def processor() -> Iterator[list[float]]:
    """Processor seconds of this process in the block: what other processes do on the machine does not count."""
    spent: list[float] = []
    start = time.process_time()
    yield spent
    spent.append(time.process_time() - start)
