"""``python -m tests.quiet``: many runs of the statistical clauses on the control, each with its seed; none may alarm.

At a false-alarm probability of 1e-9 for each run a single alarm is a defect of the suite. The tests do not run this: a
run takes some seconds, and a hundred say what one says. Exit code 1 if there was an alarm.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from adapters.numpy import ADAPTER
from conformance import backends, plan, suite
from conformance.clauses import CLAUSES
from conformance.examination import Examination, Nonconformance


def run(seed: int, share: float, dtype: str | None = None) -> tuple[int, int]:
    """Statistical tests of one run, and alarms among the clauses x subjects."""
    tests, counted, alarms = suite.tests(), 0, 0
    for clause in CLAUSES.values():
        if not clause.statistical:
            continue
        for entry in plan.entries(clause, [ADAPTER]):
            if dtype not in (None, entry.subject.dtype):
                continue
            exam = Examination(clause, entry.subject, ADAPTER, seed=seed, false_alarm=share)
            try:
                tests[clause.id](exam)
            except Nonconformance as alarm:
                alarms += 1
                print(f"seed {seed}: {alarm}", file=sys.stderr)
            counted += len(exam.record.statistics)
    return counted, alarms


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.quiet", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=100, metavar="N")
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="the seed of the first run (default: 1)")
    parser.add_argument("--dtype", choices=ADAPTER.dtypes, help="this one alone (default: each)")
    options = parser.parse_args(arguments)
    share = plan.false_alarm_share(backends.adapter(name) for name in backends.names())
    start, counted, alarms = time.process_time(), 0, 0
    for seed in range(options.first, options.first + options.runs):
        more, found = run(seed, share, options.dtype)
        counted, alarms = counted + more, alarms + found
        print(f"{seed}: {counted} tests, {alarms} alarms, {time.process_time() - start:.0f} CPU s", flush=True)
    return 1 if alarms else 0


if __name__ == "__main__":
    sys.exit(main())
