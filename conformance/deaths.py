"""Processes that died over a case: what is told of a death, and how its case is shrunk within a budget of time.

Hypothesis shrinks a deadly case as it shrinks any failure: it asks for smaller ones, each in a fresh process. What is
known to be deadly is not asked again; when the time is up, what is not known is not asked at all.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hypothesis.errors import UnsatisfiedAssumption

from adapters import transport
from adapters.base import Case, Subject
from adapters.process import Died
from conformance.cases import describe


@dataclass
class Deaths:
    """The deaths of one examination."""

    #: Seconds that the case of a death may be shrunk.
    budget: ClassVar[float] = 60.0

    #: What was raised for the smallest case, and that case's size in bytes.
    smallest: tuple[int, Exception] | None = None
    _known: dict[bytes, Died] = field(default_factory=dict)
    _until: float = 0.0

    def known(self, subject: Subject, case: Case) -> Died | None:
        """The death that the case is known for. Raises UnsatisfiedAssumption, which
        rejects the example, where the time to ask new ones is over.
        """
        if not self._known:
            return None
        death = self._known.get(_key(transport.dumps((subject, case))))
        if death is None and time.monotonic() > self._until:
            raise UnsatisfiedAssumption
        return death

    def again(self) -> None:
        """Give a case that is known the whole time again, for it is about to be shrunk from the start."""
        self._until = time.monotonic() + self.budget

    def keep(self, subject: Subject, case: Case, death: Died, error: Exception) -> None:
        message = transport.dumps((subject, case))
        if not self._known:
            self._until = time.monotonic() + self.budget
        self._known[_key(message)] = death
        if self.smallest is None or len(message) <= self.smallest[0]:
            self.smallest = len(message), error


def _key(message: bytes) -> bytes:
    return hashlib.blake2b(message, digest_size=16).digest()


def particulars(subject: Subject, case: Case, death: Died) -> dict[str, Any]:
    """What a row says of a death, beside the case."""
    return {
        "verdict": death.verdict,
        "signal": death.signal,
        "exit_code": death.code if death.code is not None and death.code >= 0 else None,
        "stderr": death.stderr,
        "script": script(subject, case, str(death)),
    }


def script(subject: Subject, case: Case, told: str) -> str:
    """A program that puts the case to the subject in its own process; needs this package or its checkout."""
    text = describe(case)
    lines = [
        f"# {subject}",
        f"# {' '.join(told.split())}",
        "# Run it where the conformance suite is installed, or in its checkout.",
        "import numpy as np",
        *(["import ml_dtypes"] if "import ml_dtypes" in text else []),
        "",
        "from adapters.base import *  # noqa: F403",
        "from conformance.backends import adapter",
        *(["from conformance.regimes import fill"] if "fill(" in text else []),
        "",
        f"subject = Subject({', '.join(f'{axis}={value!r}' for axis, value in subject.axes().items())})",
        f"case = {text}",
        f"framework = adapter({subject.backend!r})",
        "framework.prepare(subject.device)",
        "print(framework.ask(subject, case))",
        "",
    ]
    return "\n".join(lines)
