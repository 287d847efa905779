"""An adapter in a process of its own: frameworks share none, and one that dies or hangs ends nothing but its own.

The child imports the adapter's module, nothing else of this repository, and answers one case after another; the parent
gets the outcome, the error, or :class:`Died`. After a death the next case finds a fresh child. What a framework does to
its process stays there: working folder, floating-point mode, standard output, processes that it forks.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import fcntl
import json
import os
import pickle
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any, ClassVar

from adapters import transport
from adapters.base import Adapter, Case, Malformed, Outcome, Subject, Unsupported
from adapters.flight import Flight

GIGABYTE = 2**30
#: Children that are kept waiting: as many frameworks as one clause asks. The one that was not asked longest goes.
KEPT = 4
#: Bytes that a child may take while another is asked: frameworks keep all that they have compiled. A fresh one of any
#: framework takes less.
IDLE = GIGABYTE
#: What a framework may have written to standard output and error before its file is emptied, in bytes.
CHATTER = 2**20


@dataclass(frozen=True)
class Limits:
    """What a case may cost before its process is ended."""

    seconds: float = 60.0
    #: Of private memory, in bytes (``RLIMIT_DATA``, where the system keeps to it).
    memory: int = 8 * GIGABYTE
    #: Seconds that the import of the framework may take.
    start: float = 300.0


class Died(Exception):  # noqa: N818 - what became of the process, which may be what a record says
    """The process that was asked ended, or was ended because it did not answer; the message says how."""

    def __init__(self, how: str, *, verdict: str = "crash", code: int | None = None, stderr: str = "") -> None:
        self.verdict, self.code, self.stderr = verdict, code, stderr
        last = [line.strip()[:300] for line in stderr.splitlines() if line.strip()][-1:]
        super().__init__("; ".join([how, *last]))

    @property
    def signal(self) -> str | None:
        """The name of the signal that ended the process, if one did and it was not ours."""
        return signal.Signals(-self.code).name if self.code is not None and self.code < 0 else None


class Raised(Exception):  # noqa: N818 - another process's exception, of a type that this one need not know
    """An error of the framework; its type is the message's first word."""


class Process:
    """Asks the adapter of a module, ``module.ADAPTER``, in a child process that is started when it is needed."""

    #: For every process that is not given limits of its own.
    limits: ClassVar[Limits] = Limits()
    #: Where each child's last case is kept, if anywhere.
    flights: ClassVar[Path | None] = None
    _shared: ClassVar[dict[str, Process]] = {}

    def __init__(self, module: str, environment: Mapping[str, str] | None = None, limits: Limits | None = None) -> None:
        self.module, self.environment, self._limits = module, dict(environment or {}), limits
        #: Seconds of the last question inside the framework.
        self.seconds = 0.0
        self._child: _Child | None = None
        self._prepared: set[str] = set()
        self._flight = Flight(self.flights, module) if self.flights is not None else None
        atexit.register(self.close)

    @classmethod
    def of(cls, adapter: Adapter) -> Process:
        """The one process that stands in for an adapter of this process."""
        module = type(adapter).__module__
        another = module != next(reversed(cls._shared), None)
        found = cls._shared.pop(module, None) or cls(module, adapter.environment)
        cls._shared[module] = found  # the last is the one that was asked last
        if another:  # a fresh child compiles again what it needs
            for each in cls._shared.values():
                if each.memory() > IDLE:
                    each.close()
        waiting = [each for each in cls._shared.values() if each._child is not None and each is not found]
        while len(waiting) >= KEPT:
            waiting.pop(0).close()
        return found

    def memory(self) -> int:
        """Bytes that its child takes; 0 where the system does not say."""
        if self._child is not None:
            with contextlib.suppress(OSError):  # Linux alone says so, and of a process that is there
                resident = Path(f"/proc/{self._child.pid}/statm").read_text().split()[1]
                return int(resident) * os.sysconf("SC_PAGE_SIZE")
        return 0

    @classmethod
    def end_all(cls) -> None:
        """End every child that stands in for an adapter."""
        for each in cls._shared.values():
            each.close()
        cls._shared.clear()

    def prepare(self, device: str) -> None:
        """As :meth:`Adapter.prepare`. Raises Died where the import of the framework ends the process."""
        if self._child is not None and self._child.ended():
            self.close()
        if self._child is None or device not in self._prepared:
            self._put(("prepare", device), (self._limits or self.limits).start)
            self._prepared.add(device)

    @classmethod
    def another(cls, adapter: Adapter) -> Process:
        """A process that stands in for an adapter, and is not the one that usually does.

        Unsupported where no other process would find it: where the ``ADAPTER`` of its module is not of its type.
        """
        module = type(adapter).__module__
        if type(getattr(sys.modules[module], "ADAPTER", None)) is not type(adapter):
            raise Unsupported(f"another process: {module} has no ADAPTER of the type {type(adapter).__name__}")
        if f"another {module}" not in cls._shared:
            cls._shared[f"another {module}"] = cls(module, adapter.environment)
        return cls._shared[f"another {module}"]

    def ask(self, subject: Subject, case: Case) -> Outcome:
        """As :meth:`Adapter.ask`. Raises Died where the process ends over the case or does not answer in time."""
        start = time.perf_counter()
        try:
            outcome, self.seconds = self._ask(subject, case)
        except BaseException:
            self.seconds = time.perf_counter() - start
            raise
        return outcome

    def _ask(self, subject: Subject, case: Case) -> tuple[Outcome, float]:
        seconds = (self._limits or self.limits).seconds
        answer: tuple[Outcome, float]
        try:
            self.prepare(subject.device)
            answer = self._put(("ask", subject, case), seconds)
        except Died as death:
            if death.signal != "SIGKILL":
                raise
            # Nobody's fault but the system's or a user's, unless it happens again.
            self.prepare(subject.device)
            answer = self._put(("ask", subject, case), seconds)
        return answer

    def _put(self, question: tuple[Any, ...], seconds: float) -> Any:
        message = transport.dumps(question)
        if self._flight is not None:
            self._flight.record(message)
        if self._child is None:
            self._child, self._prepared = _Child(self.module, self.environment, self._limits or self.limits), set()
        try:
            kind, *answer = self._child.exchange(message, seconds)
        except Died:
            self.close()
            raise
        match kind:
            case "answer":
                return answer[0]
            case "unsupported":
                raise Unsupported(*answer)
            case "malformed":
                raise Malformed(*answer)
            case "memory":
                self.close()
                limit = (self._limits or self.limits).memory / GIGABYTE
                raise Died(f"out of memory, of which it may have {limit:.3g} GB: {answer[0]}".rstrip(": "))
        raise _rebuilt(*answer)

    def close(self) -> None:
        if self._child is not None:
            self._child.end()
        self._child, self._prepared = None, set()


class _Child:
    """A process that answers, what it writes, and the socket between."""

    def __init__(self, module: str, environment: Mapping[str, str], limits: Limits) -> None:
        self._written: IO[bytes] | None = None
        self._start = 0  #: how much was written before the last question
        with contextlib.suppress(OSError):  # no folder for temporary files, or no space: then it is not kept
            self._written = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - lives as long as the child
            # Each write goes to the end, wherever that is once the file was emptied.
            fcntl.fcntl(self._written.fileno(), fcntl.F_SETFL, os.O_APPEND)
        ours, theirs = socket.socketpair()
        for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):  # neither half a message can hold us up
            ours.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", int(limits.start) + 1, 0))
        where = json.dumps([sys.path, module, theirs.fileno(), limits.memory, os.getpid()])
        output = self._written or subprocess.DEVNULL
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BOOT, where],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, pass_fds=[theirs.fileno()],
            env={**os.environ, **environment}, start_new_session=True,
        )  # fmt: skip
        theirs.close()
        self._pipe = Connection(ours.detach())
        self._poll = select.poll()
        self._poll.register(self._pipe.fileno(), select.POLLIN)
        self._pidfd = -1
        if hasattr(os, "pidfd_open"):  # elsewhere a death shows as the end of the pipe, unless a fork holds it open
            with contextlib.suppress(OSError):
                self._pidfd = os.pidfd_open(self._process.pid)
                self._poll.register(self._pidfd, select.POLLIN)

    @property
    def pid(self) -> int:
        return self._process.pid

    def ended(self) -> bool:
        return self._process.poll() is not None

    def exchange(self, message: bytes, seconds: float) -> Any:
        """The answer to one message. Raises Died; the child is of no use then."""
        self._start = self._size()
        try:
            self._pipe.send_bytes(message)
        except BlockingIOError:
            raise self._death(f"took no question in {seconds:g} s", "timeout") from None
        except OSError:
            raise self._death() from None
        ready = self._poll.poll(seconds * 1000)
        if not ready:
            raise self._death(f"no answer in {seconds:g} s", "timeout")
        if all(descriptor == self._pidfd for descriptor, _ in ready):
            raise self._death()
        try:
            answer = pickle.loads(self._pipe.recv_bytes())
        except (EOFError, OSError):
            raise self._death() from None
        if self._written is not None and self._start > CHATTER:
            os.ftruncate(self._written.fileno(), 0)
        return answer

    def _size(self) -> int:
        return 0 if self._written is None else os.fstat(self._written.fileno()).st_size

    def _death(self, why: str = "", verdict: str = "crash") -> Died:
        """What became of the child, which is ended if it is still there."""
        code = None
        if not why:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5.0)  # the pipe ends a little before the process does
            code = self._process.poll()
            if code is None:
                why = "the process closed its pipe"
            else:
                why = f"the process died: {signal.Signals(-code).name if code < 0 else f'exit code {code}'}"
        written = self._last_lines()
        self.end()
        return Died(why, verdict=verdict, code=code, stderr=written)

    def _last_lines(self) -> str:
        """The end of what was written since the last question."""
        if self._written is None:
            return ""
        size = self._size()
        start = max(self._start, size - 4000)
        text = os.pread(self._written.fileno(), size - start, start).decode("utf-8", "replace")
        return "\n".join([line for line in text.splitlines() if line.strip()][-20:])

    def end(self) -> None:
        """End the child and what it forked."""
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        self._pipe.close()
        if self._written is not None:
            self._written.close()
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1


#: The child's whole program. Its arguments are one JSON list, the parent's import path first.
_BOOT = "import json, sys; path, *rest = json.loads(sys.argv[1]); sys.path[:] = path; " \
    "from adapters import answering; answering.serve(*rest)"  # fmt: skip


def _rebuilt(kind: str, message: str) -> Exception:
    """A built-in exception as it was; any other under its name."""
    known = getattr(builtins, kind, None)
    if isinstance(known, type) and issubclass(known, Exception):
        with contextlib.suppress(TypeError):
            return known(message)
    return Raised(f"{kind}: {message}")
