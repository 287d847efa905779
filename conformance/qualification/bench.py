"""A clause put to a planted fault or to a sound layer, as a run puts it to a framework."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from adapters.numpy import NumPy
from conformance import backends, plan, suite
from conformance.clauses import CLAUSES
from conformance.examination import Examination, Nonconformance

from .registry import Fault, Sound


@functools.cache
def share() -> float:
    """What a statistical clause may spend in a run of everything: faults are caught at the power that it has there."""
    return plan.false_alarm_share(backends.adapter(name) for name in backends.names())


@functools.cache
def tests() -> dict[str, Any]:
    return suite.tests()


def examinations(
    layer: Fault | Sound,
    clause: str,
    seed: int = 0,
    only: Mapping[str, str] | None = None,
    kind: Callable[..., Examination] = Examination,
) -> Iterator[Any]:
    """The clause, once for each subject at which the layer is planted. ``only``: axis -> value, narrower than that."""
    for entry in plan.entries(CLAUSES[clause], [layer.adapter]):
        if all(entry.axes().get(axis) == value for axis, value in {**layer.only, **(only or {})}.items()):
            # The other framework of a pair is the control.
            how: dict[str, Any] = {"seed": seed, "false_alarm": share(), "peers": (NumPy(),)}
            yield kind(entry.clause, entry.subject, layer.adapter, entry.activation, **how)


def caught_by(
    layer: Fault | Sound, clause: str, seed: int = 0, only: Mapping[str, str] | None = None
) -> Nonconformance | None:
    """What the clause says of the layer, of any subject and activation; None where it has nothing to say."""
    for exam in examinations(layer, clause, seed, only):
        try:
            tests()[clause](exam)
        except Nonconformance as alarm:
            return alarm
    return None
