"""A test as a clause: which strata it is asked, and who makes up their examples.

Hypothesis does, for the first subject of a stratum; the others are asked the same questions by :mod:`replay`, as long
as they pass. A subject that fails is put to Hypothesis from the start, which finds the failure again and its smallest
case.
"""

from __future__ import annotations

import contextlib
import copy
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import SIXTEEN_BITS, Unsupported
from conformance import bernoulli, profiles, regimes
from conformance.cases import SIXTEEN_BIT
from conformance.clauses import CLAUSES
from conformance.replay import SCRIPTS, Mismatch, Questions, Recorder, Rehearsed

if TYPE_CHECKING:
    from conformance.examination import Examination


#: What a record keeps of questions that are put again: time that was spent, and cases that are known to be deadly.
KEPT = ("framework_seconds", "deaths")


def clause(
    id: str,
    *,
    regimes: Iterable[str] = ("positive",),
    generated: bool = True,
    shrinks: bool = True,
    alike: bool = False,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Mark a test as the clause ``id``: it receives an Examination and, where cases are generated, Hypothesis's
    ``data``.

    Each numeric regime is a stratum with examples of its own (``exam.regime`` names it), so that none is left out by
    chance. ``shrinks``: whether Hypothesis looks for a smaller case once it has found one that fails. ``alike``:
    whether the numbers that are drawn do not matter, so that one example in ``ci`` is enough.
    """
    if id not in CLAUSES:
        raise ValueError(f"unknown clause {id!r}")
    strata = tuple(regimes)
    if generated and not strata:
        raise ValueError(f"clause {id!r} has no strata: it would ask nothing")

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        def ask(exam: Examination, *data: Questions) -> None:
            try:
                test(exam, *data)
            except Unsupported as missing:
                exam.record.unsupported.append(str(missing))

        def examined(exam: Examination) -> None:
            if not generated:
                ask(exam)
            else:
                with profiles.same_questions():
                    for regime in _strata(strata, exam.dtype):
                        exam.regime = regime
                        _generate(exam, test, ask, profiles.settings(shrinks=shrinks, alike=alike))
            if not (exam.record.examples or exam.record.unsupported or exam.record.deviations):
                raise RuntimeError(f"{exam!r} asked nothing, or did not count its examples")

        examined = functools.wraps(test)(examined)
        del examined.__wrapped__  # pytest reads the signature: it fills exam alone
        return pytest.mark.clause(id)(examined)  # type: ignore[no-any-return]

    return decorate


def _strata(strata: Sequence[str], dtype: str) -> Sequence[str]:
    """The strata that a subject of the dtype is asked: in 16 bits those of ``SIXTEEN_BIT``, what is no numeric regime
    but a clause's own, and all of a clause that has neither.
    """
    if dtype not in SIXTEEN_BITS:
        return strata
    return [each for each in strata if each in SIXTEEN_BIT or each not in regimes.NAMES] or strata


def _restore(exam: Examination, before: dict[str, Any]) -> None:
    vars(exam.record).update((name, copy.copy(value)) for name, value in before.items())


@contextlib.contextmanager
def _unasked(exam: Examination) -> Iterator[None]:
    """No question reaches the framework: the first one of an example ends it."""

    def put(*_: Any) -> NoReturn:
        raise Rehearsed

    own = {"put": vars(exam)["put"]} if "put" in vars(exam) else {}
    exam.put = put  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        del exam.put
        vars(exam).update(own)


def _generate(
    exam: Examination, test: Callable[..., None], ask: Callable[..., None], settings: hypothesis.settings
) -> None:
    """Put the examples of one stratum: those of a subject before this one, or Hypothesis's own."""
    stratum = test, exam.clause.id, exam.regime, exam.seed, settings.max_examples, settings.phases
    about = exam.subject.dtype, exam.dialect, exam.palette, exam.activation
    before = {name: copy.copy(value) for name, value in vars(exam.record).items() if name not in KEPT}
    with _unasked(exam):
        script = SCRIPTS.find(stratum, about, functools.partial(ask, exam))
    failure = None
    if script is not None:
        _restore(exam, before)
        try:
            script.put(functools.partial(ask, exam))
            SCRIPTS.keep(stratum, about, script)
            return
        except Mismatch:
            pass
        except Exception as found:
            failure = found
        exam.record.deaths.again()
    _restore(exam, before)
    recorder = Recorder(functools.partial(ask, exam))

    @hypothesis.seed(bernoulli.seed(exam.clause.id, exam.regime, exam.seed))
    @settings
    @given(data=st.data())
    def generated(data: st.DataObject) -> None:
        recorder(data)

    # The key of an example database that no profile has; left to itself Hypothesis reads this file for it every time.
    vars(generated)["_hypothesis_internal_database_key"] = b""
    generated()
    if failure is not None:
        raise failure  # it does not fail again: that is no reason to let it pass
    if (recorded := recorder.script()) is not None:
        SCRIPTS.keep(stratum, about, recorded)
