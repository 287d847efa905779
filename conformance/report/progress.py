"""What a reader sees while a run goes: a bar on a terminal, a line now and then elsewhere, failures as they come."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from conformance.results import BAD, Row


class Meter:
    """Counts the clauses x subjects that are done."""

    #: Seconds between two lines where there is no bar.
    INTERVAL = 10.0

    def __init__(self, console: Console, quiet: bool = False) -> None:
        self.console = console
        self.total: int | None = None
        self.done = self.failed = 0
        self._told = time.monotonic()
        columns = (TextColumn("{task.description}"), BarColumn(None), MofNCompleteColumn(), TimeElapsedColumn())
        live = console.is_terminal and not quiet
        self._bar = Progress(*columns, console=console, transient=True) if live else None
        self._task = self._bar.add_task("conformance", total=None) if self._bar else None

    def __enter__(self) -> Meter:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def expect(self, total: int) -> None:
        self.total = total
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, total=total)

    def advance(self, row: Row) -> None:
        """One row more; a failure is printed as it is."""
        self.done += 1
        if row["verdict"] in BAD:
            subject = " ".join(f"{axis}={value}" for axis, value in row["subject"].items())
            self.failure(f"{row['clause']} {subject}", row["message"] or row["verdict"])
        if self._bar is not None and self._task is not None:
            told = f"{row['clause']} {row['subject']['backend']}"
            self._bar.update(self._task, advance=1, description=f"{told[:36]:36}")
        elif time.monotonic() - self._told > self.INTERVAL or self.done == self.total:
            self._told = time.monotonic()
            count = f"{self.done} of {self.total}" if self.total else f"{self.done}"
            self.console.print(Text(f"{count} clauses x subjects done, {self.failed} failed"), soft_wrap=True)

    def failure(self, head: str, message: str) -> None:
        self.failed += 1
        # A message of the judge names its clause and subject itself.
        told = message if message.startswith(head.split(" ")[0]) else f"{head}\n{message}"
        self.console.print(Text("FAIL ", "bold red") + Text(f"{told}\n"), soft_wrap=True)


class Counter:
    """Counts what is done of something that has no rows: a bar on a terminal, a line now and then elsewhere."""

    def __init__(self, console: Console, what: str) -> None:
        self.console, self.what = console, what
        columns = (TextColumn("{task.description}"), BarColumn(None), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console, transient=True) if console.is_terminal else None
        self._task = self._bar.add_task(what, total=None) if self._bar else None
        self._told = time.monotonic()

    def __enter__(self) -> Counter:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self, done: int, total: int, now: str) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total, description=f"{now[:36]:36}")
        elif time.monotonic() - self._told > Meter.INTERVAL or done == total:
            self._told = time.monotonic()
            self.console.print(Text(f"{done} of {total} {self.what} done"), soft_wrap=True)
