"""The child's side of :mod:`adapters.process`: answers until its parent is gone."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import pickle
import signal
import sys
import time
from multiprocessing.connection import Connection
from typing import Any

from adapters.base import Adapter, Malformed, Unsupported, sound

PR_SET_PDEATHSIG = 1


def serve(module: str, descriptor: int, memory: int, parent: int) -> None:
    """Answer the questions on a socket with ``module.ADAPTER``, under a limit of memory in bytes."""
    _die_with(parent)
    _limit(memory)
    adapter: Adapter = importlib.import_module(module).ADAPTER
    pipe, own = Connection(descriptor), os.getpid()
    while True:
        try:
            question = pipe.recv_bytes()
        except (EOFError, OSError):
            return
        message = _pickled(_answer(adapter, *pickle.loads(question)))
        if os.getpid() != own:
            os._exit(0)  # the framework forked, and this is the fork: one answer is enough
        pipe.send_bytes(message)


def _answer(adapter: Adapter, kind: str, *question: Any) -> tuple[Any, ...]:
    try:
        if kind == "prepare":
            adapter.prepare(*question)
            return "answer", None
        subject, case = question
        case.__post_init__()  # arrays are read-only on this side too
        start = time.perf_counter()
        outcome = adapter.ask(subject, case)
        return "answer", (sound(outcome), time.perf_counter() - start)
    except Unsupported as missing:
        return "unsupported", str(missing)
    except Malformed as found:
        return "malformed", str(found)
    except MemoryError as error:
        return "memory", str(error)
    except Exception as error:
        name, where = type(error).__name__, type(error).__module__
        return "error", name if where == "builtins" else f"{where}.{name}", str(error)


def _pickled(answer: tuple[Any, ...]) -> bytes:
    try:
        return pickle.dumps(answer, protocol=5)
    except MemoryError as error:
        return pickle.dumps(("memory", str(error)))


def _die_with(parent: int) -> None:
    """End when the parent does, whatever the framework is doing then (Linux); elsewhere when its pipe is read next."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        # Where memory runs out the system is to end this process, not the suite.
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    if os.getppid() != parent:
        os._exit(1)


def _limit(memory: int) -> None:
    try:
        import resource
    except ImportError:  # no such limits on this system
        return
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = memory if most == resource.RLIM_INFINITY else min(memory, most)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))  # no core in the folder
