"""What a qualification comes to: faults caught, false alarms, seconds to the kill, how near sound layers come."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.clauses import CLAUSES
from conformance.figures import CLASSES

from .document import Document
from .judges import BOUND, SWEEP

Row = dict[str, Any]

#: The share of the faults that the suite must catch, and the seconds that half of the kills may take.
WANTED, QUICK = 0.97, 1.0


@dataclass(frozen=True)
class Score:
    """What one judge makes of the faults and of the sound layers."""

    name: str
    says: str
    caught: int  #: faults
    #: Of these, those under a clause in which it has nothing against the control: a check that is always red, or one
    #: that nobody can leave switched on, catches nothing.
    usable: int
    alarms: int  #: sound layers x clauses
    wrong: int  #: elements of sound layers


@dataclass(frozen=True)
class Power:
    """The figures of one qualification."""

    faults: Sequence[Row]
    sound: Sequence[Row]  #: the control among them
    scores: Sequence[Score]
    #: Factor of the roundoff -> faults caught, usable, and sound layers x clauses alarmed, of a tolerance of so many
    #: ulps of (1 + |expected|).
    sweep: Sequence[tuple[float, int, int, int]]

    @property
    def survivors(self) -> list[Row]:
        return [row for row in self.faults if BOUND not in row["kills"]]

    @property
    def alarms(self) -> list[Row]:
        return [row for row in self.sound if BOUND in row["kills"]]

    @property
    def outright(self) -> int:
        """Faults that are caught without any tolerance."""
        return sum(row["outright"] for row in self.faults)

    @property
    def elements(self) -> int:
        """Elements of sound layers that were held against their bound."""
        return sum(row["elements"] for row in self.sound)

    @property
    def conforms(self) -> bool:
        """Whether the suite does what it promises: it catches what it should, and raises no false alarm."""
        caught = len(self.faults) - len(self.survivors)
        unexpected = any(row["survives"] and BOUND in row["kills"] for row in self.faults)
        return caught >= WANTED * len(self.faults) and not self.alarms and not unexpected

    def median(self, what: str) -> float:
        """Of ``seconds`` or ``examples`` to the kill; NaN where nothing was killed."""
        found = [float(row["kills"][BOUND][what]) for row in self.faults if BOUND in row["kills"]]
        return float(np.median(found)) if found else math.nan

    def better(self) -> list[str]:
        """The fixed tolerances that do as well as the bound on both counts."""
        own = self.scores[0]
        told = [each.name for each in self.scores[1:] if each.caught >= own.caught and each.alarms <= own.alarms]
        swept = [k for k, caught, _, alarms in self.sweep if caught >= own.caught and alarms <= own.alarms]
        return told + [f"{k:g} ulps" for k in swept]

    def categories(self) -> list[tuple[str, int, int, float, float]]:
        """Category, faults, caught, median examples and seconds to the kill."""
        return [
            (name, len(part.faults), len(part.faults) - len(part.survivors), part.median("examples"), part.median(_S))
            for name in sorted({row["category"] for row in self.faults})
            for part in [Power([row for row in self.faults if row["category"] == name], (), (), ())]
        ]

    def tightness(self) -> list[tuple[str, int, float, float, float]]:
        """Clause, elements, and of their errors over bound the median, the 99th percentile and the largest: upper ends
        of the classes that they are in, but for the largest."""
        found = []
        for clause in CLAUSES:
            rows = [row for row in self.sound if row["clause"] == clause and row["elements"]]
            spreads = [row["spread"] for row in rows if len(row["spread"]) == len(CLASSES) + 1]
            counts = np.sum(spreads or [[0]], axis=0)
            if counts.any():
                ends = (*CLASSES, math.inf)
                at = np.searchsorted(np.cumsum(counts) / counts.sum(), (0.5, 0.99))
                largest = max(float(row["worst"]) for row in rows)
                elements = sum(row["elements"] for row in rows)
                found.append((clause, elements, ends[int(at[0])], ends[int(at[1])], largest))
        return found


_S = "seconds"


def power(document: Document) -> Power:
    faults, sound = document["faults"], document["sound"]
    control = [row for row in sound if row["id"] == "control"]
    scores = [_score(judge, faults, sound, control) for judge in document["judges"]]
    return Power(faults, sound, scores, [_swept(k, faults, sound, control) for k in SWEEP])


def _score(judge: dict[str, str], faults: Iterable[Row], sound: Iterable[Row], control: Iterable[Row]) -> Score:
    name = judge["name"]
    caught = [row for row in faults if name in row["kills"]]
    red = {row["clause"] for row in control if name in row["kills"]}
    return Score(
        name,
        judge["says"],
        len(caught),
        sum(row["clause"] not in red for row in caught),
        sum(name in row["kills"] for row in sound),
        sum(row["wrong"].get(name, 0) for row in sound),
    )


def _swept(
    k: float, faults: Iterable[Row], sound: Iterable[Row], control: Iterable[Row]
) -> tuple[float, int, int, int]:
    def fails(row: Row) -> bool:
        return bool(row["outright"]) or float(row["needed"]) > k

    red = {row["clause"] for row in control if fails(row)}
    caught = [row for row in faults if fails(row)]
    return k, len(caught), sum(row["clause"] not in red for row in caught), sum(map(fails, sound))
