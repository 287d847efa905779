"""An adapter in a process of its own: outcome, errors and deaths arrive, and the next case finds a fresh child."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import adapters.process
from adapters import transport
from adapters.base import Activation, Dropout, Subject, Unsupported, dtype_of
from adapters.flight import read
from adapters.numpy import NumPy
from adapters.process import Died, Limits, Process, Raised
from conformance import backends
from conformance.layouts import LAYOUTS
from tests.adapters.chaos import ADAPTER as CHAOS
from tests.adapters.deadly import ADAPTER

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


def test_a_child_that_somebody_kills_is_replaced(process: Process) -> None:
    assert works(process)
    assert process._child is not None
    os.kill(process._child._process.pid, signal.SIGKILL)
    assert works(process)


def test_a_case_that_kills_the_child_twice_is_a_death(process: Process) -> None:
    with pytest.raises(Died, match=r"^the process died: SIGKILL") as death:
        process.ask(SUBJECT, case("kill"))
    assert (death.value.verdict, death.value.signal) == ("crash", "SIGKILL")
    assert works(process)


def test_no_more_children_wait_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapters.process, "KEPT", 1)
    monkeypatch.setattr(Process, "_shared", {})
    first, second = Process.of(ADAPTER), Process.of(CHAOS)
    assert works(first)
    assert Process.of(CHAOS) is second
    second.prepare("cpu")
    Process.of(CHAOS)
    assert first._child is None
    assert second._child is not None
    Process.end_all()
    assert second._child is None


def test_children_that_wait_take_no_more_memory_than_they_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Process, "_shared", {})
    first, second = Process.of(ADAPTER), Process.of(CHAOS)
    assert works(first)
    assert first.memory() > 2**20
    second.prepare("cpu")
    assert Process.of(ADAPTER) is first
    assert second._child is not None  # little enough
    monkeypatch.setattr(adapters.process, "IDLE", 2**20)
    assert Process.of(CHAOS) is second
    assert first._child is None
    assert first.memory() == 0
    assert works(first)  # in a fresh child
    second.prepare("cpu")
    assert Process.of(ADAPTER)._child is None  # it has grown too large itself
    Process.end_all()


@pytest.mark.parametrize("written", sorted(LAYOUTS))
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_an_array_lies_in_memory_there_as_it_does_here(written: str, dtype: str) -> None:
    x = LAYOUTS[written](np.arange(24, dtype="float32").reshape(2, 3, 4).astype(dtype_of(dtype)))
    given = Activation(name="relu", x=x)
    found = pickle.loads(transport.dumps(given)).x
    assert (found.shape, found.dtype, found.strides) == (x.shape, x.dtype, x.strides)
    assert np.array_equal(found.astype("float32"), x.astype("float32"))


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (1, 1, 4)])
def test_arrays_of_few_values(shape: tuple[int, ...]) -> None:
    x = np.ones(shape, "float32")
    found = pickle.loads(transport.dumps(x))
    assert (found.shape, found.dtype) == (shape, x.dtype)
    across = np.ones((4, 1), "float32").T  # an axis of one value, whose stride means nothing
    assert pickle.loads(transport.dumps(across)).strides == across.strides


def test_the_last_case_is_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Process, "flights", tmp_path / "flights")
    process = Process("tests.adapters.deadly", {"DEADLY": "7"})
    (file,) = (tmp_path / "flights").iterdir()
    assert read(file) is None
    process.ask(SUBJECT, Activation(name="a rather long name", x=np.ones(1000, "float32")))
    with pytest.raises(Died):
        process.ask(SUBJECT, case("exit"))
    kind, subject, asked = read(file)
    assert (kind, subject, asked.name, asked.x.tolist()) == ("ask", SUBJECT, "exit", [-1.0, 2.0])
    process.close()


def test_the_environment_is_the_childs_alone(process: Process) -> None:
    assert process.ask(SUBJECT, case("environment")).arrays["y"].tolist() == [7.0]
    assert "DEADLY" not in os.environ


def test_another_process_is_not_the_one_that_usually_answers() -> None:
    adapter = backends.adapter("keras-jax")  # it is asked in a process of its own, because of its environment
    assert Process.another(adapter) is not Process.of(adapter)
    assert Process.another(adapter) is Process.another(adapter)
    plain = backends.adapter("numpy")
    assert Process.another(plain) is not Process.of(plain)  # which answers in an isolated run


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
