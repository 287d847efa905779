"""Every clause put to every sound layer, as often as it takes: ``python -m tests.zoo --elements 1e8``.

No clause may catch any of them: an alarm is a mistake of the suite. One pass puts every clause, with the examples of
the profile, to every subject of every layer; each pass has a seed of its own, and none is cut short, until so many
elements have been held against their bounds. Prints, for each clause, elements, seconds and the worst error over bound,
and exits 1 after an alarm.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from fnmatch import fnmatchcase

from conformance import profiles
from conformance.clauses import CLAUSES
from conformance.examination import Examination
from conformance.qualification import bench
from conformance.qualification.zoo import SOUND


@dataclasses.dataclass
class Tally:
    """What the sound layers came to under one clause."""

    examples: int = 0
    elements: int = 0
    undecided: int = 0
    worst: float = 0.0
    seconds: float = 0.0
    #: What no subject answered, and why: a question that is put wrongly shows here.
    unanswered: set[str] = dataclasses.field(default_factory=set)

    def add(self, exam: Examination, seconds: float) -> None:
        record = exam.record
        self.examples += record.examples
        self.elements += record.elements
        self.undecided += record.undecided
        self.worst = max(self.worst, record.worst)
        self.seconds += seconds
        self.unanswered |= set(record.unsupported)


def once(chosen: list[str], seed: int, tallies: dict[str, Tally], until: float) -> int:
    """One pass over layers and clauses, given up at the time ``until``; the number of alarms."""
    tests, alarms = bench.tests(), 0
    for sound in SOUND:
        if time.monotonic() > until:
            break
        if (reason := sound.adapter.missing()) is not None:
            print(f"not asked: {sound.id}: {reason}", file=sys.stderr, flush=True)
            continue
        for clause in chosen:
            if not sound.answers(clause):
                continue
            for exam in bench.examinations(sound, clause, seed):
                start = time.perf_counter()
                try:
                    tests[clause](exam)
                except Exception as alarm:
                    alarms += 1
                    print(f"ALARM {sound.id} ({sound.says}), seed {seed}: {exam!r}\n{alarm}", flush=True)
                tallies[clause].add(exam, time.perf_counter() - start)
        total = sum(tally.elements for tally in tallies.values())
        print(f"seed {seed}, {sound.id}: {total:.4g} elements, {alarms} alarms", file=sys.stderr, flush=True)
    return alarms


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.zoo", description=__doc__)
    parser.add_argument("--elements", type=float, default=1e8, help="how many to hold against their bounds")
    parser.add_argument("--profile", choices=profiles.PROFILES, default="deep")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="how long to go on, at the layer's end")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first pass")
    parser.add_argument("--clause", action="append", metavar="GLOB", help="only these (repeatable)")
    asked = parser.parse_args()
    profiles.choose(asked.profile)
    chosen = [each for each in CLAUSES if any(fnmatchcase(each, glob) for glob in asked.clause or ["*"])]
    tallies = {each: Tally() for each in chosen}
    start, seed, alarms = time.monotonic(), asked.seed, 0
    while sum(tally.elements for tally in tallies.values()) < asked.elements:
        before = sum(tally.elements for tally in tallies.values())
        alarms += once(chosen, seed, tallies, start + asked.seconds)
        seed += 1
        if sum(tally.elements for tally in tallies.values()) == before:
            break  # these clauses hold nothing against bounds, or the time is over
    print(f"{'clause':24} {'examples':>9} {'elements':>12} {'undecided':>10} {'worst':>6} {'seconds':>8}")
    for clause, tally in tallies.items():
        print(
            f"{clause:24} {tally.examples:9} {tally.elements:12} {tally.undecided:10} {tally.worst:6.3f} "
            f"{tally.seconds:8.1f}"
        )
        for why in sorted(tally.unanswered):
            print(f"  not answered: {why}")
    total = sum(tally.elements for tally in tallies.values())
    print(f"{total} elements, {alarms} alarms, {time.monotonic() - start:.0f} s")
    return 1 if alarms else 0


if __name__ == "__main__":
    sys.exit(main())
