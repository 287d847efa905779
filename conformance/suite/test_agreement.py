"""Modes of one framework, and pairs of frameworks: the same case, two answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption

from adapters.base import ACTIVATIONS, Adapter, BatchNorm, Case, Dialect, Subject, Unsupported
from conformance import agreement, cases
from conformance.agreement import Side
from conformance.cases import Palette, Shape
from conformance.examination import Examination, Nonconformance, clause

#: Numbers as a network meets them, numbers that tell one formula from another, and a NaN or an infinity among numbers.
REGIMES = ("normal", "huge", "special")
ARRAYS = ("y", "dx", "dgamma", "dbeta", "dgain", "dbias", "dweight", "dalpha")
STATE = ("running_mean", "running_var")


class OneShape(Palette):
    """A single shape and configuration of each operation: two frameworks, or two modes that compile, pay for it."""

    def shapes(self, operation: str) -> st.SearchStrategy[Shape]:
        # Neurons of x with two leading axes.
        return st.just((2, 2, 3, 2) if operation == "dense" else self.warm(operation)[1])


def questions(
    exam: Examination, data: st.DataObject, dialect: Dialect, palette: Palette, operation: str
) -> Iterator[Case]:
    """Each way to put an operation, with gradients."""
    spoil = exam.regime == "special"
    how: dict[str, Any] = {"regime": "normal" if spoil else exam.regime, "gradient": True, "palette": palette}
    made: dict[str, Callable[[str], list[st.SearchStrategy[Any]]]] = {
        "batch_norm": lambda dtype: [cases.batch_norms(dtype, dialect, training=it, **how) for it in (True, False)],
        "layer_norm": lambda dtype: [cases.layer_norms(dtype, dialect, **how)],
        "dense": lambda dtype: [cases.denses(dtype, **how)],
        # Two frameworks draw two masks: in training there is nothing to compare.
        "dropout": lambda dtype: [cases.dropouts(dtype, training=False, **how)],
    }
    made |= {name: lambda dtype: [cases.activations(operation, dtype, **how)] for name in ACTIVATIONS}
    for strategy in made[operation](exam.subject.dtype):
        case = data.draw(strategy, label="case")
        yield spoilt(data, case) if spoil else case


def spoilt(data: st.DataObject, case: Any) -> Case:
    """The case with a NaN or an infinity in x."""
    x = case.x.copy()
    value = data.draw(st.sampled_from((math.nan, math.inf, -math.inf)), label="special value")
    x.flat[data.draw(st.integers(0, x.size - 1), label="place")] = value
    recipe = {name: text for name, text in case.recipe.items() if name != "x"}
    made: Case = replace(case, x=x, recipe=recipe, regime="special")
    return made


def operations(exam: Examination) -> list[str]:
    """What the clause asks this subject; one activation where the entry is about one."""
    offered = exam.clause.operations & exam.adapter.offers(exam.subject)
    return [exam.activation] if exam.activation else sorted(offered)


# One example asks every operation: its cases are small as they are.
@clause("MODE.agree", regimes=REGIMES, shrinks=False)
def test_modes(exam: Examination, data: st.DataObject) -> None:
    eager = replace(exam.subject, mode="eager")
    palette = OneShape(exam.seed, "configuration") if "eager" in exam.adapter.compiles else exam.palette
    for operation in operations(exam):
        for case in questions(exam, data, exam.dialect, palette, operation):
            try:
                one, other = exam.ask(case), exam.put(eager, case)
            except Unsupported as missing:
                exam.record.unsupported.append(str(missing))
                continue
            sides = [
                Side.of(exam, exam.adapter, subject, case, outcome)
                for subject, outcome in ((exam.subject, one), (eager, other))
            ]
            agreement.hold(exam, case, sides[0], sides[1], (*ARRAYS, *STATE))


@clause("DIFF.agree", regimes=REGIMES, shrinks=False)
def test_frameworks(exam: Examination, data: st.DataObject) -> None:
    if not exam.peers:
        raise Unsupported("no other framework takes part after this one: a pair is asked in the row of its first")
    for peer in exam.peers:
        for operation in operations(exam):
            subject = way_in(peer, operation, exam.subject.dtype)
            if subject is not None:
                _compare(exam, data, peer, subject, operation)


def way_in(peer: Adapter, operation: str, dtype: str) -> Subject | None:
    """The first subject of a framework that offers the operation."""
    eager = (each for each in peer.subjects() if (each.mode, each.dtype) == ("eager", dtype))
    return next((each for each in eager if operation in peer.apis[each.api]), None)


def _compare(exam: Examination, data: st.DataObject, peer: Adapter, subject: Subject, operation: str) -> None:
    theirs = peer.dialect(subject.api)
    common = tuple(axis for axis in exam.dialect.channel_axes if axis in theirs.channel_axes)
    affine = exam.dialect.layer_norm_affine and theirs.layer_norm_affine
    dialect = replace(exam.dialect, channel_axes=common or (1,), layer_norm_affine=affine)
    for case in questions(exam, data, dialect, OneShape(exam.seed, "configuration"), operation):
        if isinstance(case, BatchNorm) and case.momentum is None:
            case = replace(case, momentum=0.5)  # how statistics are averaged is no matter of y and its gradients
        try:
            outcome = exam.ask(case)
            other = exam.put(subject, case, peer)
        except (Nonconformance, UnsatisfiedAssumption):
            raise
        except Unsupported:
            continue  # a setting that one of the two does not offer
        except Exception as error:
            told = f"answered; {subject} raised {type(error).__name__}: {error}"
            exam.require(False, case, told, output=f"{peer.name}.raises")
            continue
        one = Side.of(exam, exam.adapter, exam.subject, case, outcome)
        agreement.hold(exam, case, one, Side.of(exam, peer, subject, case, other), ARRAYS, f"{peer.name}.")
