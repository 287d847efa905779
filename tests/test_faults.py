"""The suite proves its own power: each planted fault is caught by the clause that it names, and no sound layer is."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator

import pytest

from adapters.base import Subject
from adapters.numpy import NumPy
from conformance import profiles
from conformance.clauses import CLAUSES
from conformance.qualification import bench
from conformance.qualification.bench import caught_by
from conformance.qualification.faults import FAULTS
from conformance.qualification.registry import CATEGORIES, Fault, Sound
from conformance.qualification.zoo import SOUND


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_fault_is_caught_by_its_clause(fault: Fault) -> None:
    alarm = caught_by(fault, fault.clause)
    if fault.survives is not None:
        assert alarm is None, f"{fault.id} is caught by {fault.clause}, and need not be said to survive:\n{alarm}"
        return
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
    alarm = caught_by(sound, clause)
    assert alarm is None, f"{sound.id} ({sound.says}):\n{alarm}"


def test_every_clause_has_a_test_and_a_fault() -> None:
    assert set(bench.tests()) == set(CLAUSES)
    assert set(Counter(fault.clause for fault in FAULTS)) == set(CLAUSES)


def test_every_category_has_faults() -> None:
    assert min(Counter(fault.category for fault in FAULTS)[category] for category in CATEGORIES) >= 3


def test_subject_of_a_fault_is_the_control() -> None:
    assert {fault.adapter.name for fault in FAULTS} == {"numpy"}
    assert next(iter(NumPy().subjects())) == Subject("numpy", "control")
