"""The suite proves its own power: each planted fault is caught by the clause that it names, and no sound layer is."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from adapters.base import Subject
from adapters.numpy import NumPy
from conformance import deviations, profiles
from conformance.clauses import CLAUSES
from conformance.qualification import bench
from conformance.qualification.bench import caught_by
from conformance.qualification.faults import FAULTS
from conformance.qualification.frameworks import Framework
from conformance.qualification.registry import CATEGORIES, Fault, Sound
from conformance.qualification.zoo import SOUND


def installed(layer: Fault | Sound) -> None:
    """Skip the test of a layer whose framework is not there to be asked."""
    if (reason := layer.adapter.missing()) is not None:
        pytest.skip(reason)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_fault_is_caught_by_its_clause(fault: Fault) -> None:
    installed(fault)
    alarm = caught_by(fault, fault.clause)
    if fault.survives is not None:
        assert alarm is None, f"{fault.id} is caught by {fault.clause}, and need not be said to survive:\n{alarm}"
        return
    assert alarm is not None, f"{fault.id} ({fault.says}) survives {fault.clause}"
    assert alarm.finding["case"]
    assert alarm.finding["grade"] != "stable"


@pytest.fixture
def quick() -> Iterator[None]:
    """Forty layers times their clauses: a few examples of each stratum here, the rest in a deep run by hand."""
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
    installed(sound)
    alarm = caught_by(sound, clause)
    assert alarm is None, f"{sound.id} ({sound.says}):\n{alarm}"


def test_every_clause_has_a_test_and_a_fault() -> None:
    assert set(bench.tests()) == set(CLAUSES)
    assert set(Counter(fault.clause for fault in FAULTS)) == set(CLAUSES)


def test_every_category_has_faults() -> None:
    assert min(Counter(fault.category for fault in FAULTS)[category] for category in CATEGORIES) >= 3


def test_faults_are_in_the_control_and_in_frameworks() -> None:
    assert {fault.adapter.name for fault in FAULTS} == {"numpy", "torch", "tensorflow", "jax"}
    assert next(iter(NumPy().subjects())) == Subject("numpy", "control")
    assert isinstance(SOUND[0].adapter, NumPy)


@pytest.mark.parametrize(
    "layer", [each for each in (*FAULTS, *SOUND) if isinstance(each.adapter, Framework)], ids=lambda layer: layer.id
)
def test_layer_of_a_framework_is_at_one_subject_that_no_record_concerns(layer: Fault | Sound) -> None:
    clauses = [layer.clause] if isinstance(layer, Fault) else layer.clauses
    records, versions = deviations.load(layer.adapter.name), layer.adapter.versions()
    for clause in clauses:
        exams = list(bench.examinations(layer, clause))
        assert {exam.subject for exam in exams} == {Subject(layer.adapter.name, **_place(layer))}
        for exam in exams:
            known = [each.id for each in records if each.concerns(clause, exam.subject, exam.activation, versions)]
            assert not known, f"{layer.id}: {clause} has records {known}"


def _place(layer: Fault | Sound) -> dict[str, str]:
    return {axis: value for axis, value in layer.only.items() if axis != "activation"}


def test_framework_is_quiet_where_a_fault_is_planted_in_it() -> None:
    """The proxy that tampers with nothing is among the sound layers, in every clause in which one tampers."""
    as_it_is = {
        (sound.adapter.name, clause, *sorted(sound.only.items()))
        for sound in SOUND
        if isinstance(sound.adapter, Framework)
        for clause in sound.clauses
    }
    for fault in FAULTS:
        if isinstance(fault.adapter, Framework):
            assert (fault.adapter.name, fault.clause, *sorted(fault.only.items())) in as_it_is, fault.id


def test_tracker_is_a_thread() -> None:
    told = [fault for fault in FAULTS if fault.tracker is not None]
    assert len(told) >= 100  # as the README says
    for fault in told:
        assert re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+/(issues|pull)/\d+", fault.tracker or ""), fault.id
