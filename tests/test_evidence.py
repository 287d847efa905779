"""Evidence of many runs: never more false alarms than stated, more power with every run, a file that is never lost."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from conformance import bernoulli, evidence
from conformance.evidence import CRITICAL, Evidence, EvidenceError, Stream, load, log_evidence, save
from tests.command import conformance

NAME = "DO.rate backend=x: an element is kept"


@pytest.mark.parametrize("probability", [0.5, 0.9, 0.0001])
@pytest.mark.parametrize("trials", [1, 10, 1000])
def test_evidence_has_mean_one(probability: float, trials: int) -> None:
    counts = np.arange(trials + 1)
    logs = np.array([log_evidence(int(count), trials, probability) for count in counts])
    assert np.sum(np.exp(stats.binom.logpmf(counts, trials, probability) + logs)) == pytest.approx(1, rel=1e-9)


def test_conforming_counts_exceed_as_rarely_as_stated_however_often_one_looks() -> None:
    alpha, nights, paths = 0.02, 200, 3000
    counts = np.random.default_rng(1).binomial(20_000, 0.3, (paths, nights)).cumsum(1)
    trials = 20_000 * np.arange(1, nights + 1)
    logs = vectorized(counts, trials, 0.3)
    ever = np.count_nonzero(logs.max(1) >= math.log(1 / alpha))
    assert stats.binom(paths, alpha).sf(ever) > 1e-9
    assert ever > 0  # a path of many: the bound is no idle one


def vectorized(counts: np.ndarray, trials: np.ndarray, probability: float) -> np.ndarray:
    """As ``log_evidence``; a handful of places hold the two together."""
    from scipy.special import betaln

    a, b = evidence.CONCENTRATION * probability, evidence.CONCENTRATION * (1 - probability)
    likelihood = counts * math.log(probability) + (trials - counts) * math.log1p(-probability)
    found: np.ndarray = betaln(counts + a, trials - counts + b) - betaln(a, b) - likelihood
    for place in ((0, 0), (1, -1)):
        assert found[place] == pytest.approx(log_evidence(int(counts[place]), int(trials[place[1]]), probability))
    return found


@pytest.mark.parametrize(("trials", "probability"), [(10**5, 0.5), (10**6, 0.001), (10**7, 0.9)])
@pytest.mark.parametrize("direction", [1, -1])
def test_detectable_shift_is_detected_with_the_stated_power(trials: int, probability: float, direction: int) -> None:
    shift = evidence.detectable_shift(trials, probability)
    counts = np.random.default_rng(2).binomial(trials, probability + direction * shift, 20_000)
    limits = [
        count
        for count in range(counts.min(), counts.max() + 2, max(1, int(np.ptp(counts)) // 200))
        if log_evidence(count, trials, probability) >= CRITICAL
    ]
    # The count from which it exceeds, to a two-hundredth of the spread of the counts.
    exceeds = counts >= min(limits) if direction > 0 else counts <= max(limits)
    assert np.mean(exceeds) >= bernoulli.POWER - 0.003
    needed = evidence.samples_needed(probability, shift)
    assert needed <= 1.01 * trials
    assert evidence.detectable_shift(needed, probability) <= shift


def test_a_shift_that_no_single_run_shows_shows_in_the_end() -> None:
    trials, probability = 275_456, 0.5
    shift = bernoulli.detectable_shift(trials, probability, 1e-13) / 4
    stream, random = Stream(probability), np.random.default_rng(3)
    nights = 0
    while not stream.speaks_against:
        count = int(random.binomial(trials, probability + shift))
        assert not bernoulli.count_test(count, trials, probability, 1e-13).rejected
        stream.add(count, trials)
        nights += 1
        assert nights < 100
    assert nights > 3
    assert stream.trials <= evidence.samples_needed(probability, shift) + trials


def row(count: int = 5000, trials: int = 10_000, **changes: Any) -> dict[str, Any]:
    test = {"what": "an element is kept", "count": count, "trials": trials, "probability": 0.5, "rate": 0.5}
    subject = {"backend": "x", "api": "y", "mode": "eager", "device": "cpu", "dtype": "float32"}
    return {"clause": "DO.rate", "subject": subject, "deviations": {}, "statistics": [test], **changes}


def test_runs_add_up_and_a_file_holds_them(tmp_path: Path) -> None:
    held, path = Evidence(), tmp_path / "evidence.json"
    assert held.add(1, [row()]) == 1
    assert held.add(2, [row(5100)]) == 1
    save(held, path)
    again = load(path)
    assert again == held
    (stream,) = again.streams.values()
    assert (stream.count, stream.trials, again.seeds) == (10_100, 20_000, [1, 2])
    assert not again.against()
    assert again.add(3, [row(6500)]) == 1
    assert len(again.against()) == 1
    assert again.add(4, [row(5000)]) == 1
    assert len(again.against()) == 1  # what was too much once was too much


def test_counts_that_are_no_new_evidence_are_not_added() -> None:
    held = Evidence()
    held.add(1, [row()])
    before = dict(held.streams)
    with pytest.raises(EvidenceError, match=r"seed 1 was added before.*another --seed"):
        held.add(1, [row(9000)])
    assert held.streams == before
    assert held.add(2, [row(deviations={"known": {}})]) == 0
    # The extreme of several counts is no count of its own.
    assert held.add(3, [row(statistics=[{**row()["statistics"][0], "counts": 67}])]) == 0
    assert next(iter(held.streams.values())).count == 5000


GOOD = {"probability": 0.5, "count": 5, "trials": 10, "highest": 0.0}
FOREIGN = {
    "text": "not json",
    "another schema": json.dumps({"schema": "conformance-results", "schema_version": 1}),
    "another version": json.dumps({"schema": evidence.SCHEMA, "schema_version": 99, "seeds": [], "streams": {}}),
    "a list": "[1, 2]",
    "deep": "[" * 100_000,
    "seeds": json.dumps({"schema": evidence.SCHEMA, "schema_version": 1, "seeds": ["1"], "streams": {}}),
    **{
        f"stream {name}": json.dumps(
            {"schema": evidence.SCHEMA, "schema_version": 1, "seeds": [], "streams": {NAME: GOOD | change}}
        )
        for name, change in {
            "more than all": {"count": 11},
            "no probability": {"probability": 1.5},
            "nothing": {"trials": 0, "count": 0},
            "text": {"count": "5"},
            "not finite": {"highest": math.nan},
            "too little": {"count": 0, "trials": 10**6},
        }.items()
    },
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
def test_damaged_or_foreign_file_is_refused_and_left(text: str, tmp_path: Path) -> None:
    path = tmp_path / "evidence.json"
    path.write_text(text)
    with pytest.raises(EvidenceError) as refusal:
        load(path)
    assert "\n" not in str(refusal.value)
    assert "left as it was" in str(refusal.value)
    assert path.read_text() == text


def test_more_streams_than_the_ledger_has_room_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "STREAMS", 1)
    held = Evidence()
    held.add(1, [row()])
    with pytest.raises(EvidenceError, match="start another file"):
        held.add(2, [row(clause="DO.other")])
    assert held.seeds == [1]


ASKED = ["run", "--backend", "numpy", "--clause", "NET.expectation", "--dtype", "float32", "--profile", "quick"]


def test_command_accumulates(tmp_path: Path) -> None:
    path, results = tmp_path / "evidence.json", tmp_path / "results.json"
    ask = [*ASKED, "--results", str(results), "--accumulate", str(path)]
    first = conformance(*ask, "--seed", "1", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "6 counts of 1 runs" in first.stdout
    before = path.read_bytes()
    again = conformance(*ask, "--seed", "1", cwd=tmp_path)
    assert again.returncode == 2
    assert again.stderr.count("\n") == 1
    assert "pass another --seed" in again.stderr
    assert path.read_bytes() == before
    # A stream that is far off by now fails the run, whatever this night adds.
    held = load(path)
    name = min(held.streams)
    held.streams[name].add(0, 10_000)
    save(held, path)
    wrong = conformance(*ask, "--seed", "2", cwd=tmp_path)
    assert wrong.returncode == 1
    assert "speaks against 1 counts" in wrong.stdout
    assert name in json.loads(results.read_text())["run"]["evidence"]["against"][0]
    path.write_text("{}")
    damaged = conformance(*ask, "--seed", "3", cwd=tmp_path)
    assert damaged.returncode == 2
    assert "left as it was" in damaged.stderr
    assert path.read_text() == "{}"


def test_ledger_is_shown(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    ran = conformance(*ASKED, "--results", str(results), cwd=tmp_path)
    assert "6 statistical tests spend" in ran.stdout
    shown = conformance("show", str(results), "--ledger", cwd=tmp_path)
    assert shown.returncode == 0
    line = next(line for line in shown.stdout.splitlines() if "0.25" in line and "first half" in line)
    assert line.split()[-3:-2] == ["65536"]
