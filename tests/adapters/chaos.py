"""An adapter that misbehaves as the parameter ``does`` of an activation says, or the variable CHAOS, and answers relu
where it answers.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from adapters.base import Activation, Adapter, Array, Case, Outcome, Subject, Unsupported

#: What fesetround takes for "towards minus infinity", by machine (fenv.h).
DOWNWARD = {"x86_64": 0x400, "aarch64": 0x800000}.get(os.uname().machine, 0)


class Own(Exception):  # noqa: N818
    """An error that the parent's process need not know."""


def segfault(_: Array) -> None:
    ctypes.string_at(0)


def abort(_: Array) -> None:
    print("terminate called without an active exception", file=sys.stderr, flush=True)
    os.abort()


def leave(_: Array) -> None:
    os._exit(7)


def leave_well(_: Array) -> None:
    os._exit(0)


def hang_in_c(_: Array) -> None:
    """Holds the GIL: no thread of Python runs any more."""
    ctypes.PyDLL(None).pause()


def hang_in_python(_: Array) -> None:
    while True:
        time.sleep(0.01)


def ignore_and_hang(_: Array) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(0.01)


def allocate(_: Array) -> None:
    kept = []
    while True:
        kept.append(np.empty(2**26))  # untouched: a limit must not need the pages to be there


def print_much(_: Array) -> None:
    line = b"nothing to see here, and that a million times\n" * 20_000
    for _ in range(100 * 2**20 // len(line)):
        os.write(2, line)  # where nobody closes it before


def close_output(_: Array) -> None:
    sys.stdout.close()
    with contextlib.suppress(OSError):  # it may have been closed before
        os.close(1)


def fork_and_leave_it(_: Array) -> None:
    if os.fork() == 0:
        time.sleep(1000)
        os._exit(0)


def fork_and_both_answer(_: Array) -> None:
    os.fork()


def fork_and_die(_: Array) -> None:
    """The fork holds the pipe open when the process is gone."""
    fork_and_leave_it(_)
    os.kill(os.getpid(), signal.SIGILL)


def go_elsewhere(_: Array) -> None:
    os.chdir("/")


def round_downward(_: Array) -> None:
    ctypes.CDLL(None).fesetround(DOWNWARD)


def complain(_: Array) -> None:
    raise Own("of a kind that nobody knows")


def refuse(_: Array) -> None:
    raise Unsupported("not here")


def leave_python(_: Array) -> None:
    raise SystemExit(5)


def interrupt(_: Array) -> None:
    raise KeyboardInterrupt


def freed(x: Array) -> Array:
    """A view into memory that is not there any more."""
    memory = mmap.mmap(-1, 4096)
    view = np.frombuffer(memory, x.dtype, x.size)
    ctypes.CDLL(None).munmap(ctypes.c_void_p(view.ctypes.data), ctypes.c_size_t(4096))
    return view


#: What is done before the answer, which is right.
DEEDS: dict[str, Callable[[Array], Any]] = {
    each.__name__: each
    for each in (
        segfault, abort, leave, leave_well, hang_in_c, hang_in_python, ignore_and_hang, allocate, print_much,
        close_output, fork_and_leave_it, fork_and_both_answer, fork_and_die, go_elsewhere, round_downward, complain,
        refuse, leave_python, interrupt,
    )
}  # fmt: skip
#: What the answer is instead.
ANSWERS: dict[str, Callable[[Array], Any]] = {
    "wrong_shape": lambda x: np.zeros(x.size + 1, x.dtype),
    "wrong_dtype": lambda x: np.maximum(x, 0).astype("complex128"),
    "wider": lambda x: np.maximum(x, 0).astype("float64"),
    "strings": lambda x: np.array(["nothing"] * x.size),
    "objects": lambda x: np.array([object()] * x.size),
    "a_list": lambda x: [0.0] * x.size,
    "a_function": lambda x: lambda: x,
    "nan": lambda x: np.full_like(x, np.nan),
    "freed": freed,
}


class Chaos(Adapter):
    name = "chaos"
    modules = ("numpy",)
    distributions = ("numpy",)
    install = "python -m pip install numpy"
    apis = {"control": frozenset({"relu"})}  # noqa: RUF012 - as every adapter writes it
    dtypes = ("float32",)

    def ask(self, subject: Subject, case: Case) -> Outcome:
        assert isinstance(case, Activation)
        does = case.parameters.get("does") or os.environ["CHAOS"]
        if does in ANSWERS:
            return Outcome({"y": ANSWERS[does](case.x)})
        if does == "no_outcome":
            return {"y": case.x}  # type: ignore[return-value]
        if does != "nothing":
            DEEDS[does](case.x)
        return Outcome({"y": np.maximum(case.x, 0)})


ADAPTER = Chaos()
