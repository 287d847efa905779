"""``python -m conformance.rates``: the rate at which dropout drops, measured, for each backend, api, mode and dtype.

A line a subject, a column a rate: the share that was dropped of DRAWS elements and, in brackets, the interval of
Clopper and Pearson, which misses the true rate with probability ERROR at most. An interval that the stated rate is not
in is marked ``!``. It is a measurement and no test: DO.rate decides, with more elements and the run's ledger.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

import numpy as np

from adapters.base import BRIEF_DROPOUT, MIXED, Adapter, Dropout, DropoutCount, Subject, Unsupported, dtype_of
from conformance import backends, bernoulli

RATES = (0.001, 0.01, 0.1, 0.3, 0.5, 0.9)
DRAWS = 2**21
ERROR = 1e-3


def measured(adapter: Adapter, subject: Subject, draws: int, seed: int) -> list[int]:
    """How many of so many elements, a multiple of 2048, the subject drops at each rate."""
    shape, one = (draws // 1024, 1024), np.ones((), dtype_of(subject.dtype))
    try:
        count = DropoutCount(x=one, shape=shape, rates=RATES, seed=seed)
        return [draws - int(kept) for kept in adapter.ask(subject, count).arrays["kept"]]
    except Unsupported:
        x = np.ones(shape, one.dtype)
        cases = (Dropout(x=x, rate=rate, training=True, seed=seed + place) for place, rate in enumerate(RATES))
        return [draws - int(np.count_nonzero(adapter.ask(subject, case).arrays["y"])) for case in cases]


def cell(dropped: int, draws: int, rate: float) -> str:
    low, high = bernoulli.confidence(dropped, draws, ERROR)
    mark = "" if low <= rate <= high else " !"
    return f"{dropped / draws:.5f} [{low:.5f}, {high:.5f}]{mark}"


def lines(chosen: Sequence[str], draws: int, seed: int) -> Iterator[str]:
    """A table in Markdown; a subject that has no dropout, or of mixed precision, which is that of 16 bits, is left
    out.
    """
    yield f"| subject | {' | '.join(map(str, RATES))} |"
    yield "|---" * (1 + len(RATES)) + "|"
    for name in chosen:
        adapter = backends.adapter(name)
        adapter.prepare("cpu")
        for subject in adapter.subjects():
            if not {"dropout", BRIEF_DROPOUT} & adapter.offers(subject) or subject.dtype in MIXED:
                continue
            told = f"{subject.backend} {subject.api} {subject.mode} {subject.dtype}"
            counts = measured(adapter, subject, draws, bernoulli.seed("rates", subject, seed))
            cells = [cell(count, draws, rate) for count, rate in zip(counts, RATES, strict=True)]
            yield f"| {told} | {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m conformance.rates", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--backend", action="append", metavar="BACKEND", choices=backends.names(), help="only this one")
    parser.add_argument("--draws", type=int, default=DRAWS, metavar="N", help=f"of each rate (default: {DRAWS})")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    options = parser.parse_args(arguments)
    if options.draws < 2048 or options.draws % 2048:
        parser.error(f"--draws {options.draws} is no multiple of 2048")
    absent = backends.missing()
    asked = options.backend or [name for name in backends.names() if name not in absent]
    for name in asked:
        if name in absent:
            parser.error(f"backend {name}: {absent[name]}")
    for line in lines(asked, options.draws, options.seed):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
