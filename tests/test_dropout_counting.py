"""Counting where the mask is drawn: the same number as of the elements, a billion on a device, in parts that fit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
import pytest

from adapters.base import Case, Dialect, Dropout, DropoutCount, Outcome, Subject, Unsupported
from adapters.numpy import ADAPTER, NumPy
from conformance import profiles, rates, suite
from conformance.clauses import CLAUSES
from conformance.examination import Examination, Nonconformance
from conformance.suite.test_dropout import AT_ONCE, DEEP, RATES, ROW, counted, ones, parts

CONTROL = Subject("numpy", "control")


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_count_is_that_of_the_elements(rate: float) -> None:
    count = DropoutCount(x=np.float32(1)[...], shape=(40, ROW), rates=(rate, 0.5), seed=3)
    whole = [
        Dropout(x=np.ones((40, ROW), np.float32), rate=each, training=True, seed=seed)
        for each, seed in ((rate, 3), (0.5, 4))
    ]
    kept = ADAPTER.ask(CONTROL, count).arrays["kept"]
    assert kept.shape == (2,)
    assert [*kept] == [np.count_nonzero(ADAPTER.ask(CONTROL, each).arrays["y"]) for each in whole]


class Device(NumPy):
    """The control on a device from which no mask travels: it answers counts of the right distribution alone."""

    devices: ClassVar[tuple[str, ...]] = ("cpu", "cuda")
    shift = 0.0

    def __init__(self) -> None:
        self.asked: list[DropoutCount] = []

    def ask(self, subject: Subject, case: Case) -> Outcome:
        assert isinstance(case, DropoutCount)
        self.asked.append(case)
        rates = np.array(case.rates)
        kept = np.random.default_rng(case.seed).binomial(math.prod(case.shape), 1 - rates + self.shift * rates)
        return Outcome({"kept": kept})


def examined(adapter: Device) -> Examination:
    subject = replace(CONTROL, device="cuda")
    exam = Examination(CLAUSES["DO.rate"], subject, adapter, false_alarm=2e-12)
    suite.tests()["DO.rate"](exam)
    return exam


def test_a_billion_elements_are_counted_of_each_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "chosen", lambda: "deep")
    exam = examined(device := Device())
    assert [test["trials"] for test in exam.record.statistics] == [DEEP] * len(RATES)
    assert DEEP >= 10**9
    assert max(math.prod(case.shape) for case in device.asked) == AT_ONCE
    assert len({case.seed for case in device.asked}) == len(device.asked)
    # A drop rate that is off by three parts in ten thousand shows there.
    test = next(test for test in exam.record.statistics if test["rate"] == 0.1)
    assert test["detectable_shift"] < 0.1 * 0.002


def test_a_rate_that_is_off_by_two_thousandths_fails_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "chosen", lambda: "deep")
    device = Device()
    device.shift = 0.002
    with pytest.raises(Nonconformance, match="an element is kept"):
        examined(device)


def test_fewer_are_counted_in_other_profiles() -> None:
    exam = examined(Device())
    assert max(test["trials"] for test in exam.record.statistics) < AT_ONCE


class Elements(NumPy):
    """An adapter that cannot count."""

    def ask(self, subject: Subject, case: Case) -> Outcome:
        if isinstance(case, DropoutCount):
            raise Unsupported("counts")
        return super().ask(subject, case)


def test_an_adapter_that_cannot_count_answers_the_elements() -> None:
    exam = Examination(CLAUSES["DO.rate"], CONTROL, Elements())
    asked, kept, trials = counted(exam, (0.3, 0.9), 3 * ROW)
    assert trials == 4 * ROW
    assert all(isinstance(case, Dropout) for case in asked)
    whole = [ones(exam, rate, place, trials, 0) for place, rate in enumerate((0.3, 0.9))]
    assert [*kept] == [np.count_nonzero(ADAPTER.ask(CONTROL, case).arrays["y"]) for case in whole]


@pytest.mark.parametrize(("mode", "device", "shapes"), [
    ("eager", "cpu", [(3 * 256, ROW)]),  # nothing is compiled: as it is
    ("jit", "cpu", [(256, ROW)] * 3),  # one shape for all
    ("seeded", "cpu", [(3 * 256, ROW)]),  # each part would be compiled
    ("jit", "cuda", [(3 * 256, ROW)]),
])  # fmt: skip
def test_what_is_compiled_is_counted_in_one_shape(mode: str, device: str, shapes: list[tuple[int, int]]) -> None:
    exam = Examination(CLAUSES["DO.rate"], replace(CONTROL, mode=mode, device=device), Compiling())
    assert parts(exam, 3 * 256 * ROW - 5) == shapes


class Compiling(NumPy):
    compiles: ClassVar[Mapping[str, Literal["shape", "configuration"]]] = {
        "jit": "configuration", "seeded": "configuration",
    }  # fmt: skip
    dialects: ClassVar[Mapping[str, Dialect]] = {"control": Dialect(compiled_seeds=("seeded",))}


def test_rates_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert rates.main(["--backend", "numpy", "--draws", "65536"]) == 0
    head, _, *lines = capsys.readouterr().out.splitlines()
    assert head.count("|") == 2 + len(rates.RATES)
    assert [line.split()[1:5] for line in lines] == [
        ["numpy", "control", "eager", dtype] for dtype in ("float32", "float64", "float16", "bfloat16")
    ]
    for line in lines:
        for rate, told in zip(rates.RATES, line.split("|")[2:-1], strict=True):
            share, low, high = (float(part.strip("[],")) for part in told.split()[:3])
            assert low <= share <= high
            assert abs(share - rate) < 6 * math.sqrt(rate * (1 - rate) / 65536) + 1e-5


def test_an_interval_without_the_rate_is_marked() -> None:
    assert rates.cell(2000, 10_000, 0.1).endswith("!")
    assert not rates.cell(1000, 10_000, 0.1).endswith("!")
