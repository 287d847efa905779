"""A framework's own layers, asked through a proxy that may change the question before and the answer after.

The framework itself answers, in a process of its own, as it answers a run: what is planted is as small as a fault of
its own would be, and what is not tampered with is a layer that is known to be sound.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from adapters.base import Adapter, Array, Case, Dialect, Outcome, Subject
from adapters.process import Process
from conformance import backends

#: What a proxy has of the adapter that it stands before.
_STATIC = (
    "name",
    "modules",
    "distributions",
    "install",
    "apis",
    "modes",
    "compiles",
    "compiles_forward",
    "devices",
    "dtypes",
    "dialects",
)


class Framework(Adapter):
    """A proxy before the adapter of a backend, ``class Torch(Framework, backend="torch")``.

    A subclass overrides :meth:`asked` or :meth:`answered`; one that overrides neither is the framework as it is.
    """

    inner: ClassVar[Adapter]

    def __init_subclass__(cls, backend: str | None = None, **how: Any) -> None:
        super().__init_subclass__(**how)
        if backend is not None:
            cls.inner = backends.adapter(backend)
            for name in _STATIC:
                setattr(cls, name, getattr(cls.inner, name))

    def missing(self) -> str | None:
        return self.inner.missing()

    def versions(self) -> dict[str, str]:
        return self.inner.versions()

    def dialect(self, api: str) -> Dialect:
        return self.inner.dialect(api)

    def modes_of(self, api: str) -> tuple[str, ...]:
        return self.inner.modes_of(api)

    def offers(self, subject: Subject) -> frozenset[str]:
        return self.inner.offers(subject)

    def subjects(self, device: str = "cpu") -> Iterator[Subject]:
        return self.inner.subjects(device)

    def ask(self, subject: Subject, case: Case) -> Outcome:
        """The framework's answer, tampered with. Raises what the framework raises, and Died where its process ends."""
        return self.answered(case, Process.of(self.inner).ask(subject, self.asked(case)))

    def asked(self, case: Case) -> Case:
        """What the framework is asked for the case."""
        return case

    def answered(self, case: Case, outcome: Outcome) -> Outcome:
        """What is told of the framework's answer."""
        return outcome


class Torch(Framework, backend="torch"):
    """PyTorch."""


class TensorFlow(Framework, backend="tensorflow"):
    """TensorFlow, and Keras on it."""


class Jax(Framework, backend="jax"):
    """JAX and Flax."""


def reworked(outcome: Outcome, **arrays: Array) -> Outcome:
    """The outcome with other arrays in the place of some."""
    return Outcome({**outcome.arrays, **arrays}, outcome.state)
