"""What a statistical clause does with a test of its own: keeps it for the ledger, and fails where it rejects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from adapters.base import Array, Case, Dropout, DropoutKin
from conformance import bernoulli
from conformance.bernoulli import CountTest
from conformance.examination import Examination
from conformance.spread import SpreadTest


def hold(
    exam: Examination,
    case: Case,
    what: str,
    test: CountTest | SpreadTest,
    *,
    output: str = "mask",
    counts: int = 1,
    rate: float | None = None,
) -> None:
    """Keep the test under ``what`` it is about; a rejection is a failure of the clause.

    ``counts``: how many share what the test spends, each at ``test.false_alarm``. ``rate``: which one it is about, of a
    case that has several.
    """
    told = test.as_dict() | {"what": what, "counts": counts, "false_alarm": test.false_alarm * counts}
    rate = getattr(case, "rate", rate)
    exam.record.statistics.append(told if rate is None else {"rate": rate, **told})
    exam.record.elements += counts
    about = what if rate is None else f"rate {rate}, {what}"
    exam.require(not test.rejected, case, f"{about}: {test}", output=output)


@dataclass(frozen=True)
class Counts:
    """Counts of one kind, each Binomial(trials, probability); ``what`` they count."""

    case: Dropout | DropoutKin
    what: str
    counts: Array
    trials: int
    probability: float


def hold_all(exam: Examination, found: Iterable[Counts], false_alarm: float) -> None:
    """Test every count at an even share of the false-alarm probability."""
    every = list(found)
    share = false_alarm / sum(each.counts.size for each in every)
    for each in every:
        number = each.counts.size
        test = bernoulli.extreme_test(each.counts, each.trials, each.probability, share * number)
        hold(exam, each.case, each.what, test, output=each.what, counts=number)
