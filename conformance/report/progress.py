"""What a reader sees while a run goes: a bar on a terminal, a line now and then elsewhere, failures as they come."""

from __future__ import annotations

import time
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from conformance.results import BAD, Row


class Counter:
    """Counts what is done: a bar on a terminal, a line now and then elsewhere. ``what``: of what, in the plural."""

    #: Seconds between two lines where there is no bar.
    INTERVAL = 10.0

    def __init__(self, console: Console, what: str) -> None:
        self.console, self.what = console, what
        self._told = time.monotonic()
        columns = (TextColumn("{task.description}"), BarColumn(None), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console, transient=True) if console.is_terminal else None
        self._task = self._bar.add_task("conformance", total=None) if self._bar else None

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def count(self, done: int, total: int | None, now: str, also: str = "") -> None:
        """So many are done, the last of them ``now``; ``also`` stands at a line's end."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total, description=f"{now[:36]:36}")
        elif time.monotonic() - self._told > self.INTERVAL or done == total:
            self._told = time.monotonic()
            count = f"{done} of {total}" if total else f"{done}"
            self.console.print(Text(f"{count} {self.what} done{also}"), soft_wrap=True)


class Meter(Counter):
    """Counts the clauses x subjects that are done, and tells what fails."""

    def __init__(self, console: Console) -> None:
        super().__init__(console, "clauses x subjects")
        self.total: int | None = None
        self.done = self.failed = 0

    def open(self, lines: Iterable[str]) -> None:
        """What is about to be asked."""
        for line in lines:
            self.console.print(Text(line), soft_wrap=True)

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
        told = f"{row['clause']} {row['subject']['backend']}"
        self.count(self.done, self.total, told, f", {self.failed} failed")

    def failure(self, head: str, message: str) -> None:
        self.failed += 1
        # A message of the judge names its clause and subject itself.
        told = message if message.startswith(head.split(" ")[0]) else f"{head}\n{message}"
        self.console.print(Text("FAIL ", "bold red") + Text(f"{told}\n"), soft_wrap=True)
