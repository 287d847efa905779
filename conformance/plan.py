"""What a run asks: every clause with every subject that offers its operation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from adapters.base import ACTIVATIONS, Adapter, Subject
from conformance.bernoulli import LEDGER
from conformance.clauses import CLAUSES, Clause


@dataclass(frozen=True)
class Entry:
    """One clause put to one subject, with the activation where the clause speaks of activations."""

    clause: Clause
    adapter: Adapter
    subject: Subject
    activation: str | None = None

    @property
    def id(self) -> str:
        return self.subject.id + (f"-activation={self.activation}" if self.activation else "")

    def axes(self) -> dict[str, str]:
        return self.subject.axes() | ({"activation": self.activation} if self.activation else {})


def entries(clause: Clause, adapters: Iterable[Adapter], devices: Iterable[str] = ("cpu",)) -> Iterator[Entry]:
    """Every subject that a clause concerns, one entry per activation where it concerns them."""
    for adapter in adapters:
        for device in devices:
            if device not in adapter.devices:
                continue
            for subject in adapter.subjects(device):
                if not clause.concerns(subject.dtype) or not _has_another(clause, adapter, subject):
                    continue
                offered = clause.operations & adapter.offers(subject)
                if offered and offered <= ACTIVATIONS:
                    yield from (Entry(clause, adapter, subject, name) for name in sorted(offered))
                elif offered:
                    yield Entry(clause, adapter, subject)


def _has_another(clause: Clause, adapter: Adapter, subject: Subject) -> bool:
    """Whether the clause asks this subject for an answer that it can hold against another one."""
    if clause.against == "backends":
        # One way into each framework is enough to tell frameworks apart: the first that has any of it.
        first = next((api for api, offered in adapter.apis.items() if clause.operations & offered), None)
        return (subject.api, subject.mode, subject.device) == (first, "eager", "cpu")
    return clause.against is None or subject.mode != "eager"


def false_alarm_share(adapters: Iterable[Adapter], devices: Iterable[str] = ("cpu", "cuda")) -> float:
    """What one statistical clause x subject may spend of the run's false-alarm probability (Bonferroni).

    Of every adapter that there is, installed or not, and on every device: sample sizes follow from the share, and a
    test that is red in a whole run is to draw the same numbers when it is asked alone.
    """
    chosen, places = list(adapters), list(devices)
    tests = sum(sum(1 for _ in entries(clause, chosen, places)) for clause in CLAUSES.values() if clause.statistical)
    return LEDGER / max(1, tests)
