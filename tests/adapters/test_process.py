"""An adapter in a process of its own: outcome, errors and deaths arrive, and the next case finds a fresh child."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest

from adapters.base import Activation, Dropout, Subject, Unsupported
from adapters.numpy import NumPy
from adapters.process import Died, Process, Raised
from conformance import backends

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
    process = Process("tests.adapters.deadly", patience=5.0)
    try:
        assert works(process)
        with pytest.raises(Died, match=r"^no answer in 5 s$"):
            process.ask(SUBJECT, case("hang"))
        assert works(process)
    finally:
        process.close()


def test_the_environment_is_the_childs_alone(process: Process) -> None:
    assert process.ask(SUBJECT, case("environment")).arrays["y"].tolist() == [7.0]
    assert "DEADLY" not in os.environ


def test_another_process_is_not_the_one_that_usually_answers() -> None:
    adapter = backends.adapter("keras-jax")  # it is asked in a process of its own, because of its environment
    assert Process.another(adapter) is not Process.of(adapter)
    assert Process.another(adapter) is Process.another(adapter)
    plain = backends.adapter("numpy")
    assert Process.another(plain) is Process.of(plain)


def test_another_process_gives_the_same_mask() -> None:
    case = Dropout(x=np.ones((8, 8), np.float32), rate=0.5, training=True, seed=3)
    subject = Subject("numpy", "control")
    here = backends.adapter("numpy").ask(subject, case).arrays["y"]
    np.testing.assert_array_equal(here, Process.another(backends.adapter("numpy")).ask(subject, case).arrays["y"])


def test_an_adapter_that_no_other_process_finds_is_not_asked_there() -> None:
    class Local(NumPy):
        pass

    with pytest.raises(Unsupported, match="no ADAPTER of the type Local"):
        Process.another(Local())
