"""How many processes there are without a number."""

from __future__ import annotations

import os

import pytest

from conformance import processes

GIGABYTE = 2**30


@pytest.mark.parametrize(
    ("processors", "memory", "wanted"),
    [(2, 64, 2), (16, 64, 4), (4, 16, 2), (4, 7, 1), (8, 4, 1)],
)
def test_a_processor_and_its_memory_each(
    processors: int, memory: int, wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)), raising=False)
    monkeypatch.setattr(processes, "_memory", lambda: memory * GIGABYTE)
    assert processes.automatic(6 * GIGABYTE) == wanted


def test_the_memory_of_this_machine_is_known() -> None:
    assert processes._memory() > GIGABYTE
