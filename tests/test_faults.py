"""The suite proves its own power: each planted fault is caught by the clause that it names, and no sound layer is."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.base import Subject
from adapters.numpy import NumPy
from conformance import backends, plan, profiles, suite
from conformance.clauses import CLAUSES
from conformance.examination import Examination, Nonconformance
from conformance.qualification.faults import FAULTS
from conformance.qualification.registry import Fault, Sound
from conformance.qualification.zoo import SOUND

TESTS = suite.tests()
#: What a clause may spend in a run of everything: the faults are caught at the power that it has there.
SHARE = plan.false_alarm_share(backends.adapter(name) for name in backends.names())


def examinations(clause: str, adapter: NumPy, seed: int = 0, dtype: str | None = None) -> list[Examination]:
    entries = plan.entries(CLAUSES[clause], [adapter])
    # The other framework of a pair is the control.
    how: dict[str, Any] = {"seed": seed, "false_alarm": SHARE, "peers": (NumPy(),)}
    return [
        Examination(entry.clause, entry.subject, adapter, entry.activation, **how)
        for entry in entries
        if dtype in (None, entry.subject.dtype)
    ]


def caught_by(clause: str, adapter: NumPy, seed: int = 0, dtype: str | None = None) -> Nonconformance | None:
    """What the clause says of the layer, in any dtype or one, for any activation; None where it has nothing to say."""
    for exam in examinations(clause, adapter, seed, dtype):
        try:
            TESTS[clause](exam)
        except Nonconformance as alarm:
            return alarm
    return None


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_fault_is_caught_by_its_clause(fault: Fault) -> None:
    alarm = caught_by(fault.clause, fault.adapter)
    assert alarm is not None, f"{fault.id} ({fault.says}) survives {fault.clause}"
    assert alarm.finding["case"]
    assert alarm.finding["grade"] != "stable"


@pytest.fixture
def quick() -> Iterator[None]:
    """Thirty layers times every clause: a few examples of each stratum here, the rest in a deep run by hand."""
    before = profiles.chosen()
    profiles.choose("quick")
    yield
    profiles.choose(before)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("sound", "clause"),
    [
        pytest.param(sound, clause, id=f"{sound.id}-{clause}")
        for sound, clause in itertools.product(SOUND, CLAUSES)
        if sound.answers(clause)
    ],
)
def test_sound_layer_raises_no_alarm(sound: Sound, clause: str) -> None:
    alarm = caught_by(clause, sound.adapter)
    assert alarm is None, f"{sound.id} ({sound.says}):\n{alarm}"


def test_every_clause_has_a_test_and_a_fault() -> None:
    assert set(TESTS) == set(CLAUSES)
    assert set(Counter(fault.clause for fault in FAULTS)) == set(CLAUSES)


def test_subject_of_a_fault_is_the_control() -> None:
    assert {fault.adapter.name for fault in FAULTS} == {"numpy"}
    assert next(iter(NumPy().subjects())) == Subject("numpy", "control")
