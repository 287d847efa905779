"""Evidence that accumulates over runs: an always-valid test of every count, kept in a small file.

A nightly run has a fixed number of samples, and a shift below what they show stays below it every night. Adding up the
counts of all nights and testing the sum each morning would reject a conforming subject sooner or later: it is tested
again and again. An *e-process* may be looked at as often as one likes. Of each stream of counts, k kept of n so far, it
is the likelihood of the data under a mixture of all probabilities over the one under the stated probability q,

    E = B(k + a, n - k + b) / (B(a, b) q^k (1 - q)^(n - k)),    a = c q, b = c (1 - q),

a nonnegative martingale of mean 1 if q is right: whatever the number of nights, it ever exceeds 1/alpha with
probability alpha at most (J. Ville, 1939). alpha is the ledger's 1e-9 shared among STREAMS streams, more than there
are. If q is wrong E grows exponentially, and any shift shows in the end: ``detectable_shift`` tells which after so many
trials, ``samples_needed`` how many trials a shift takes.

The counts of two runs with one seed are one and the same, and would be counted twice: each run needs a seed of its own.

Source: H. Robbins, "Statistical methods related to the law of the iterated logarithm", Ann. Math. Stat. 41 (1970), for
the mixture; G. Shafer, "Testing by betting", J. R. Stat. Soc. A 184 (2021).
"""

from __future__ import annotations

import contextlib
import functools
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance import bernoulli
from conformance.bernoulli import LEDGER, special

SCHEMA, SCHEMA_VERSION = "conformance-evidence", 1
#: Streams that a file may hold; each may ever be taken for wrong with probability LEDGER / STREAMS.
STREAMS = 2**16
#: The logarithm of E from which a stream speaks against its probability.
CRITICAL = math.log(STREAMS / LEDGER)
#: c above: the mixture looks first for shifts of about sqrt(q (1 - q) / c), a hundredth of a deviation.
CONCENTRATION = 1e4


class EvidenceError(Exception):
    """A file that cannot be read, written or gone on with; the message says which and why, in one line."""


def log_evidence(count: int, trials: int, probability: float) -> float:
    """The logarithm of E, for ``count`` of ``trials`` where Binomial(trials, probability) is stated."""
    a, b = CONCENTRATION * probability, CONCENTRATION * (1 - probability)
    beta = special().betaln
    likelihood = count * math.log(probability) + (trials - count) * math.log1p(-probability)
    return float(beta(count + a, trials - count + b) - beta(a, b)) - likelihood


@functools.lru_cache(maxsize=1024)
def detectable_shift(trials: int, probability: float, critical: float = CRITICAL) -> float:
    """The smallest shift, up as well as down, whose E exceeds after so many trials with probability POWER at least.

    Infinite where one direction has none.
    """
    # E is convex in the count, and smallest near what is expected.
    middle = round(trials * probability)
    below = bernoulli.first(middle, lambda count: log_evidence(count, trials, probability) < critical)
    over = bernoulli.first(trials - middle, lambda step: log_evidence(middle + step, trials, probability) >= critical)
    high = middle + over - 1 if log_evidence(trials, trials, probability) >= critical else trials
    return bernoulli.shift_outside(below, high, trials, probability)


def samples_needed(probability: float, shift: float) -> int:
    """The trials, of all runs together, after which E of such a shift exceeds with probability POWER."""
    return bernoulli.needed(
        lambda trials: detectable_shift(trials, probability), probability, shift, LEDGER / STREAMS, 1
    )  # fmt: skip


@dataclass
class Stream:
    """The counts of one test of one subject, of all runs."""

    probability: float
    count: int = 0
    trials: int = 0
    highest: float = 0.0  #: the largest logarithm of E so far: once it is too large, it was

    def add(self, count: int, trials: int) -> None:
        self.count += count
        self.trials += trials
        self.highest = max(self.highest, log_evidence(self.count, self.trials, self.probability))

    @property
    def speaks_against(self) -> bool:
        return self.highest >= CRITICAL

    def __str__(self) -> str:
        return (
            f"{self.count} of {self.trials} ({self.count / self.trials:.7f}, expected {self.probability:.7f}), "
            f"E = 10^{self.highest / math.log(10):.1f} where 10^{CRITICAL / math.log(10):.1f} is too much"
        )


@dataclass
class Evidence:
    """What a file holds: the seeds of the runs that were added, and a stream for each test and subject."""

    seeds: list[int] = field(default_factory=list)
    streams: dict[str, Stream] = field(default_factory=dict)

    def add(self, seed: int, rows: Iterable[Mapping[str, Any]]) -> int:
        """Add the counts of a run, in full or not at all; returns how many. Raises EvidenceError, and changes nothing,
        for a run of a seed that was added before, or for more streams than there may be.
        """
        if seed in self.seeds:
            raise EvidenceError(
                f"the run of seed {seed} was added before, and its counts are no new evidence: pass another --seed"
            )
        found = list(counts(rows))
        if len({*self.streams, *(name for name, *_ in found)}) > STREAMS:
            raise EvidenceError(f"more than {STREAMS} streams of counts: start another file")
        for name, count, trials, probability in found:
            # N follows from the clause, the probability from the rate: another one is another stream.
            self.streams.setdefault(name, Stream(probability)).add(count, trials)
        self.seeds.append(seed)
        return len(found)

    def against(self) -> list[str]:
        """The streams that speak against their probability, a line each."""
        return [f"{name}: {stream}" for name, stream in sorted(self.streams.items()) if stream.speaks_against]


def counts(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, int, int, float]]:
    """The single counts of a run: name, count, trials, probability. Rows that met a recorded deviation are left out:
    that their counts are off is known.
    """
    for row in rows:
        if row["deviations"]:
            continue
        subject = " ".join(f"{axis}={value}" for axis, value in row["subject"].items())
        for test in row["statistics"]:
            if "count" in test and test.get("counts", 1) == 1:
                about = "".join(f" {key}={test[key]}" for key in ("rate", "mean") if key in test)
                name = f"{row['clause']} {subject}{about} q={test['probability']:.10g}: {test['what']}"
                yield name, int(test["count"]), int(test["trials"]), float(test["probability"])


def load(path: Path) -> Evidence:
    """The evidence of a file, none if there is no such file. Raises EvidenceError; the file is left as it is."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Evidence()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise EvidenceError(f"cannot read {path}: {reason}; it is left as it was") from None
    try:
        return _read(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        told = f"{type(error).__name__}: {error}"[:200]
        raise EvidenceError(
            f"{path} is no evidence of 'conformance run --accumulate' ({told}); it is left as it was: "
            "name another file, or move it away"
        ) from None


def _read(document: Any) -> Evidence:
    if document["schema"] != SCHEMA:
        raise ValueError(f"schema is {str(document['schema'])[:40]!r}, not {SCHEMA!r}")
    if document["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"schema_version {document['schema_version']!r:.40} is not {SCHEMA_VERSION}")
    seeds = document["seeds"]
    if not isinstance(seeds, list) or not all(type(seed) is int for seed in seeds):
        raise ValueError("'seeds' must be a list of whole numbers")
    return Evidence(seeds, {name: _stream(name, each) for name, each in document["streams"].items()})


def _stream(name: str, held: Mapping[str, Any]) -> Stream:
    stream = Stream(held["probability"], held["count"], held["trials"], held["highest"])
    whole = type(stream.count) is int and type(stream.trials) is int and 0 <= stream.count <= stream.trials
    real = all(type(value) is float and math.isfinite(value) for value in (stream.probability, stream.highest))
    if not (whole and real and stream.trials > 0 and 0 < stream.probability < 1):
        raise ValueError(f"stream {name[:80]!r} is damaged")
    # E is a function of the counts: what was the highest is so much at least.
    if stream.highest < log_evidence(stream.count, stream.trials, stream.probability) - 1e-6:
        raise ValueError(f"stream {name[:80]!r} is damaged: its evidence is not that of its counts")
    return stream


def save(evidence: Evidence, path: Path) -> None:
    """Write beside the target and rename, so that nobody sees half a file. Raises EvidenceError."""
    document = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "seeds": evidence.seeds,
        "streams": {name: vars(stream) for name, stream in sorted(evidence.streams.items())},
    }
    temporary = path.parent / f".{path.name}.{os.getpid()}"
    try:
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(document, file, indent=1, allow_nan=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise EvidenceError(f"cannot write evidence to {path}: {error.strerror or error}") from None
