"""The benchmarks measure what they say, on the control."""

from __future__ import annotations

import pytest

from benchmarks import share
from conformance.clauses import CLAUSES


def test_share_counts_the_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share, "CLAUSES_ASKED", ("LN.grad",))
    found = share.measured("numpy", "eager")
    assert found["cases"] > 0
    assert 0 < found["share"] < 1


def test_what_is_asked_exists() -> None:
    assert set(share.CLAUSES_ASKED) <= set(CLAUSES)
