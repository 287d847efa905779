"""An adapter in a process of its own: outcome, errors and deaths arrive, and the next case finds a fresh child."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest

from adapters.base import Activation, Subject, Unsupported
from adapters.process import Died, Limits, Process, Raised

SUBJECT = Subject("deadly", "control")


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    asked = Process("tests.adapters.deadly", {"DEADLY": "7"})
    yield asked
    asked.close()


def case(name: str) -> Activation:
    return Activation(name=name, x=np.array([-1.0, 2.0], "float32"))


def works(process: Process) -> bool:
    return process.ask(SUBJECT, case("relu")).arrays["y"].tolist() == [0.0, 2.0]


def test_outcome(process: Process) -> None:
    assert works(process)


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [
        ("unsupported", Unsupported, "^not here$"),
        ("builtin", ValueError, "^a size of 3$"),
        ("own", Raised, r"^numpy\.linalg\.LinAlgError: singular$"),
    ],
)
def test_errors_arrive(name: str, kind: type[Exception], told: str, process: Process) -> None:
    with pytest.raises(kind, match=told):
        process.ask(SUBJECT, case(name))
    assert works(process)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("segfault", "^the process died: SIGSEGV; about to fall$"),
        ("exit", "^the process died: exit code 3$"),
    ],
)
def test_a_death_is_told_and_survived(name: str, told: str, process: Process) -> None:
    with pytest.raises(Died, match=told):
        process.ask(SUBJECT, case(name))
    assert works(process)


def test_a_child_that_does_not_answer_is_ended() -> None:
    process = Process("tests.adapters.deadly", limits=Limits(seconds=1.0))
    try:
        assert works(process)
        with pytest.raises(Died, match=r"^no answer in 1 s$"):
            process.ask(SUBJECT, case("hang"))
        assert works(process)
    finally:
        process.close()


def test_the_environment_is_the_childs_alone(process: Process) -> None:
    assert process.ask(SUBJECT, case("environment")).arrays["y"].tolist() == [7.0]
    assert "DEADLY" not in os.environ
