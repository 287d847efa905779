"""An adapter in a process of its own: for a framework that must not share one, and for cases that may end it.

The child imports the adapter's module, nothing else of this repository, and answers one case after another; the parent
gets the outcome, the error, or :class:`Died`. After a death the next case finds a fresh child.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import importlib
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from multiprocessing.connection import Connection
from typing import Any, ClassVar

from adapters.base import Adapter, Case, Outcome, Subject, Unsupported

#: Seconds that one case may take, the import of the framework included.
PATIENCE = 120.0


class Died(Exception):  # noqa: N818 - what became of the process, which may be what a record says
    """The process that was asked ended, or was ended because it did not answer; the message says how."""


class Raised(Exception):  # noqa: N818 - another process's exception, of a type that this one need not know
    """An error of the framework; its type is the message's first word."""


class Process:
    """Asks the adapter of a module, ``module.ADAPTER``, in a child process that is started when it is needed."""

    _shared: ClassVar[dict[str, Process]] = {}

    def __init__(self, module: str, environment: Mapping[str, str] | None = None, patience: float = PATIENCE) -> None:
        self.module, self.environment, self.patience = module, dict(environment or {}), patience
        self._child: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None
        self._errors: Any = None
        atexit.register(self.close)

    @classmethod
    def of(cls, adapter: Adapter) -> Process:
        """The one process that stands in for an adapter of this process."""
        module = type(adapter).__module__
        if module not in cls._shared:
            cls._shared[module] = cls(module, adapter.environment)
        return cls._shared[module]

    @classmethod
    def another(cls, adapter: Adapter) -> Process:
        """A process that stands in for an adapter, and is not the one that usually does.

        Unsupported where no other process would find it: where the ``ADAPTER`` of its module is not of its type.
        """
        module = type(adapter).__module__
        if type(getattr(sys.modules[module], "ADAPTER", None)) is not type(adapter):
            raise Unsupported(f"another process: {module} has no ADAPTER of the type {type(adapter).__name__}")
        if not adapter.environment:
            return cls.of(adapter)
        if f"another {module}" not in cls._shared:
            cls._shared[f"another {module}"] = cls(module, adapter.environment)
        return cls._shared[f"another {module}"]

    def ask(self, subject: Subject, case: Case) -> Outcome:
        """As :meth:`Adapter.ask`. Raises Died where the process ends over the case or does not answer in time."""
        pipe = self._started()
        try:
            pipe.send((subject, case))
            if not pipe.poll(self.patience):
                raise Died(self._end(f"no answer in {self.patience:.0f} s"))
            kind, *answer = pipe.recv()
        except (EOFError, ConnectionError):
            raise Died(self._end()) from None
        if kind == "outcome":
            found: Outcome = answer[0]
            return found
        raise Unsupported(*answer) if kind == "unsupported" else _rebuilt(*answer)

    def _started(self) -> Connection:
        if self._child is None or not self._child.is_alive() or self._pipe is None:
            self.close()
            context = multiprocessing.get_context("spawn")
            self._errors = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - lives as long as the child
            self._pipe, theirs = context.Pipe()
            with _with(self.environment):
                self._child = context.Process(
                    target=_answer, args=(theirs, self.module, multiprocessing.reduction.DupFd(self._errors.fileno())),
                    daemon=True,
                )  # fmt: skip
                self._child.start()
            theirs.close()
        return self._pipe

    def _end(self, why: str = "") -> str:
        """What became of the child, which is ended if it is still there."""
        assert self._child is not None
        if why:
            self._child.kill()
        self._child.join()
        code = self._child.exitcode or 0
        if not why:
            named = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            why = f"the process died: {named}"
        self._errors.seek(0)
        last = [line for line in self._errors.read()[-4000:].splitlines() if line.strip()][-1:]
        self.close()
        return "; ".join([why, *(line.strip()[:300] for line in last)])

    def close(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        if self._child is not None and self._child.is_alive():
            self._child.kill()
            self._child.join()
        if self._errors is not None:
            self._errors.close()
        self._child = self._pipe = self._errors = None


@contextlib.contextmanager
def _with(environment: Mapping[str, str]) -> Iterator[None]:
    """Environment variables that a child is to inherit."""
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _rebuilt(kind: str, message: str) -> Exception:
    """A built-in exception as it was; any other under its name."""
    known = getattr(builtins, kind, None)
    if isinstance(known, type) and issubclass(known, Exception):
        with contextlib.suppress(TypeError):
            return known(message)
    return Raised(f"{kind}: {message}")


def _answer(pipe: Connection, module: str, errors: Any) -> None:
    """The child: answers until the pipe is closed."""
    os.dup2(errors.detach(), 2)
    adapter: Adapter = importlib.import_module(module).ADAPTER
    prepared: set[str] = set()
    while True:
        try:
            subject, case = pipe.recv()
        except EOFError:
            return
        try:
            if subject.device not in prepared:
                adapter.prepare(subject.device)
                prepared.add(subject.device)
            pipe.send(("outcome", adapter.ask(subject, case)))
        except Unsupported as missing:
            pipe.send(("unsupported", str(missing)))
        except Exception as error:
            name = type(error).__name__
            where = type(error).__module__
            pipe.send(("error", name if where == "builtins" else f"{where}.{name}", str(error)))
