"""An adapter that misbehaves in every way at random: each case gets its verdict, and no process is left behind."""

from __future__ import annotations

import dataclasses
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from adapters.base import Activation, Subject, Unsupported
from adapters.process import Limits, Process
from conformance.clauses import CLAUSES
from conformance.examination import Examination, Nonconformance
from tests.adapters import chaos

CASES = 500
SUBJECT = Subject("chaos", "control")
#: What the adapter does -> the verdict, and what is told of it.
VERDICTS = {
    "nothing": ("pass", ""),
    "segfault": ("crash", "the process died: SIGSEGV"),
    "abort": ("crash", "the process died: SIGABRT; terminate called without an active exception"),
    "leave": ("crash", "the process died: exit code 7"),
    "leave_well": ("crash", "the process died: exit code 0"),
    "leave_python": ("crash", "the process died: exit code 5"),
    "interrupt": ("crash", "the process died: "),
    "hang_in_c": ("timeout", "no answer in 3 s"),
    "hang_in_python": ("timeout", "no answer in 3 s"),
    "ignore_and_hang": ("timeout", "no answer in 3 s"),
    "allocate": ("crash", "out of memory, of which it may have 2 GB"),
    "print_much": ("pass", ""),
    "close_output": ("pass", ""),
    "fork_and_leave_it": ("pass", ""),
    "fork_and_both_answer": ("pass", ""),
    "fork_and_die": ("crash", "the process died: SIGILL"),
    "go_elsewhere": ("pass", ""),
    "round_downward": ("pass", ""),
    "complain": ("fail", "raised Raised: tests.adapters.chaos.Own: of a kind that nobody knows"),
    "refuse": ("unsupported", "not here"),
    "wrong_shape": ("fail", "y has the shape (4,), expected (3,)"),
    "wrong_dtype": ("fail", "y is an array of complex128, not an array of numbers"),
    "wider": ("fail", "y has the dtype float64, expected float32"),
    "strings": ("fail", "y is an array of <U7, not an array of numbers"),
    "objects": ("fail", "y is an array of object, not an array of numbers"),
    "a_list": ("fail", "y is a list, not an array of numbers"),
    "a_function": ("fail", "y is a function, not an array of numbers"),
    "no_outcome": ("fail", "the answer is a dict, not an Outcome"),
    "nan": ("fail", "got       nan"),
    "freed": ("crash", "the process died: SIGSEGV"),
}
#: How often each comes up: what costs a process, or time, less often than what costs nothing.
WEIGHTS = {
    name: {"pass": 8, "fail": 8, "unsupported": 8, "crash": 1, "timeout": 0.5}[it] for name, (it, _) in VERDICTS.items()
}
WEIGHTS["print_much"] = 1


@pytest.fixture(autouse=True)
def limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Process, "limits", Limits(seconds=3.0, memory=2 * 2**30))
    yield
    Process.end_all()


def verdict(does: str) -> tuple[str, str]:
    exam = Examination(CLAUSES["ACT.value"], SUBJECT, chaos.ADAPTER, "relu", isolated=True)
    case = Activation(name="relu", x=np.array([-1.0, 2.0, 0.5], "float32"))
    try:
        exam.judge(case, exam.ask(dataclasses.replace(case, parameters={"does": does})), ["y"])
    except Unsupported as error:
        return "unsupported", str(error)
    except Nonconformance as error:
        return str(error.finding.get("verdict", "fail")), str(error)
    return "pass", ""


def children() -> list[str]:
    """The processes that this one started, and what they did: whatever has the adapter in its arguments."""
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "pid,ppid,stat,args"], capture_output=True, text=True, check=True
    ).stdout
    ours = [line for line in listed.splitlines() if "tests.adapters.chaos" in line and " Z" not in line]
    return [line for line in ours if f", {os.getpid()}]" in line]


def test_each_case_gets_its_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(VERDICTS) == {"nothing", "no_outcome", *chaos.DEEDS, *chaos.ANSWERS}
    monkeypatch.chdir(tmp_path)
    generator = random.Random(5)
    deeds = [*VERDICTS, *generator.choices(list(WEIGHTS), list(WEIGHTS.values()), k=CASES - len(VERDICTS))]
    generator.shuffle(deeds)
    wrong = []
    for number, does in enumerate(deeds):
        wanted, told = VERDICTS[does]
        got, message = verdict(does)
        if got != wanted or told not in message:
            wrong.append((number, does, got, message[-300:]))
    assert not wrong
    assert verdict("nothing") == ("pass", "")
    assert children()
    Process.end_all()
    assert not children()
    assert os.getcwd() == str(tmp_path)
    assert not list(tmp_path.iterdir())
