"""The examples of a stratum, put to one subject after another, made up by Hypothesis for the first of them alone.

What Hypothesis makes up depends on its seed, which all subjects of a clause share, on what it is asked for (so many
whole numbers from here to there, so many bytes) and on how each example ends: on no answer. So the first subject's
examples are written down as what Hypothesis chose. For the next subject its own strategies run on these choices, which
makes the case of *its* dtype and dialect; where they ask for anything else than the first subject's did, or where an
example ends in another way, the rest would be other questions than its own, and Hypothesis is asked instead
(:class:`Mismatch`). Strategies that are the same object make the same case of the same choices: it is kept too.
"""

from __future__ import annotations

import itertools
import random
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np
from hypothesis import strategies as st
from hypothesis.errors import StopTest, UnsatisfiedAssumption

from adapters.base import Case, Stack
from conformance.shelf import Shelf

try:  # what Hypothesis promises nobody: without it every subject's examples are made up anew
    from hypothesis.internal.conjecture.data import ConjectureData
    from hypothesis.internal.entropy import deterministic_PRNG
except ImportError:  # pragma: no cover
    ConjectureData = None  # type: ignore[assignment,misc]

Drawn = TypeVar("Drawn")
#: How an example ends: answered, not worth an answer, or stopped by Hypothesis while it was drawn.
ENDS = (UnsatisfiedAssumption, StopTest)
#: What cannot be changed by those who are handed it.
_SIMPLE = (int, float, bool, str, bytes, type(None))
#: Strata whose examples are kept, and variants of each: subjects whose strategies ask for different things.
STRATA, VARIANTS = 2048, 6


class Questions(Protocol):
    """What a clause draws its cases from: Hypothesis's ``data``, or one of the two below."""

    def draw(self, strategy: st.SearchStrategy[Drawn], label: Any = None) -> Drawn: ...


class Mismatch(BaseException):
    """The subject asks for something else than the one whose examples these are. No clause catches it as an error."""


class Rehearsed(BaseException):
    """A question would have been put here."""


def _kind(ended: BaseException) -> type[BaseException]:
    return next(kind for kind in ENDS if isinstance(ended, kind))


@dataclass(frozen=True, eq=False)
class Example:
    """One example, as Hypothesis chose it."""

    choices: tuple[Any, ...]
    #: Kind, constraints, and whether it was forced, of each choice.
    requests: tuple[tuple[Any, ...], ...]
    #: Where draws begin and end around the choices: alike parts are what Hypothesis makes further examples of.
    spans: tuple[int, ...]
    #: How many choices were used up after each of the clause's draws.
    draws: tuple[int, ...]
    end: type[BaseException] | None
    #: Stands for the choices where a value is kept.
    token: object


@dataclass(frozen=True, eq=False)
class _Value:
    """What came of a strategy, and how many choices were used up by then."""

    strategy: Any  #: held, so that no other strategy gets its id
    value: Any
    used: int
    content: bytes  #: as it was made: who is handed an array may write over it after all


_VALUES: Shelf[_Value] = Shelf(32 * 2**20)


def _arrays(value: Any) -> Iterator[Any]:
    if isinstance(value, Case):
        yield from (array for _, array in value.arrays())
        yield from value.tangents.values()
        for layer in value.layers if isinstance(value, Stack) else ():
            yield from _arrays(layer)


def _content(value: Any) -> bytes:
    return b"".join(array.tobytes() for array in _arrays(value))


def _keep(token: object, strategies: Sequence[Any], value: Any, used: int) -> None:
    """Containers are not kept: whoever was handed one may change it."""
    if isinstance(value, (Case, *_SIMPLE)):
        content = _content(value)
        kept = _Value(tuple(strategies), value, used, content)
        _VALUES.put((token, *map(id, strategies)), kept, 2 * len(content) + 1000)


def _spans(trail: Sequence[int], start: int, end: int) -> tuple[int, ...]:
    """A part of Hypothesis's record of spans, with labels numbered from its own first one."""
    from hypothesis.internal.conjecture.data import TrailType

    first, seen = int(TrailType.CHOICE), dict[int, int]()
    return tuple(
        each if each <= first else first + 1 + seen.setdefault(each, len(seen))
        for each in itertools.islice(trail, start, end)
    )


def _trail(data: Any) -> Sequence[int]:
    trail: Sequence[int] = vars(data)["_ConjectureData__span_record"].trail
    return trail


class Recording:
    """Hypothesis's own ``data``, and what it chose."""

    def __init__(self, data: st.DataObject) -> None:
        self._data, self._token = data, object()
        self._strategies, self._draws = list[Any](), list[int]()
        self._start = len(_trail(self._inner))
        if self._inner.nodes:
            raise AttributeError("choices before the first draw")

    @property
    def _inner(self) -> Any:
        return self._data.conjecture_data

    def draw(self, strategy: st.SearchStrategy[Drawn], label: Any = None) -> Drawn:
        value = self._data.draw(strategy, label=label)
        self._strategies.append(strategy)
        self._draws.append(len(self._inner.nodes))
        _keep(self._token, self._strategies, value, self._draws[-1])
        return value

    def example(self, end: type[BaseException] | None) -> Example:
        nodes, trail = self._inner.nodes, _trail(self._inner)
        stop = len(trail) if end is not StopTest else self._start  # Hypothesis closes what was open: not comparable
        return Example(
            choices=tuple(node.value for node in nodes),
            requests=tuple(map(_request, nodes)),
            spans=_spans(trail, self._start, stop),
            draws=tuple(self._draws),
            end=end,
            token=self._token,
        )


def _request(node: Any) -> tuple[Any, ...]:
    return node.type, node.constraints, node.was_forced


class Replayed:
    """The ``data`` of an example whose choices are known."""

    def __init__(self, example: Example) -> None:
        self._example = example
        self._strategies = list[Any]()
        self._used = 0  # choices
        self._data: Any = None  # made where a value is not kept
        self._run = 0  # strategies that have run on it

    def draw(self, strategy: st.SearchStrategy[Drawn], label: Any = None) -> Drawn:
        self._strategies.append(strategy)
        key = (self._example.token, *map(id, self._strategies))
        kept = _VALUES.get(key)
        if kept is not None and kept.content == _content(kept.value):
            self._used = kept.used
            value: Drawn = kept.value
            return value
        if self._data is None:
            self._data = ConjectureData.for_choices(self._example.choices)
            self._start = len(_trail(self._data))
        for each in self._strategies[self._run :]:
            value = self._chosen(each)
        self._run = len(self._strategies)
        if self._example.draws[self._run - 1 : self._run] != (self._used,):
            raise Mismatch
        _keep(self._example.token, self._strategies, value, self._used)
        return value

    def _chosen(self, strategy: st.SearchStrategy[Drawn]) -> Drawn:
        """What the strategy makes of the choices. Raises Mismatch where it asks for others."""
        before, wanted = self._used, self._example.requests
        try:
            value: Drawn = self._data.draw(strategy)
        except ENDS:
            raise
        except Exception as error:  # Hypothesis shall tell the clause, in its own context
            raise Mismatch from error
        finally:
            found = tuple(map(_request, self._data.nodes[before:]))
            self._used = before + len(found)
            if found != wanted[before : self._used] or self._data.misaligned_at is not None:
                raise Mismatch
        return value

    def finish(self, end: type[BaseException] | None) -> None:
        """Raises Mismatch where the example did not use up its choices, or did not end as it did before."""
        example = self._example
        alike = end is example.end and (end is StopTest or self._used == len(example.requests))
        if alike and end is None and self._run == len(self._strategies) > 0:
            trail = _trail(self._data)
            alike = _spans(trail, self._start, len(trail)) == example.spans
        if not alike:
            raise Mismatch


@dataclass(eq=False)
class Script:
    """The examples of one stratum, as one subject was asked them."""

    examples: list[Example]

    def fits(self, rehearse: Callable[[Questions], None]) -> bool:
        """Whether a subject draws the same, as far as it draws before it is asked. ``rehearse``: asks an example, and
        raises Rehearsed in place of putting a question.
        """
        for example in self.examples:
            questions, end = Replayed(example), None
            try:
                rehearse(questions)
                questions.finish(None)
            except ENDS as ended:
                end = _kind(ended)
            except Rehearsed:
                continue
            except (Mismatch, Exception):  # Hypothesis puts the question, and whatever is wrong shows there
                return False
            if end is not None and end is not example.end:
                return False
        return True

    def put(self, ask: Callable[[Questions], None]) -> None:
        """Ask them all. Raises Mismatch, or what ``ask`` raises that is no end of an example."""
        with deterministic_PRNG():  # as Hypothesis does around each example
            for example in self.examples:
                random.seed(0)
                np.random.seed(0)
                questions, end = Replayed(example), None
                try:
                    ask(questions)
                except ENDS as ended:
                    end = _kind(ended)
                questions.finish(end)


@dataclass(eq=False)
class _Stratum:
    variants: list[Script] = field(default_factory=list)
    #: What strategies see of a subject -> the script that it was asked.
    known: dict[Hashable, Script] = field(default_factory=dict)


class Scripts:
    """The scripts of the strata that were asked last. ``key``: the stratum; ``about``: what strategies see of a subject
    and its examination.
    """

    def __init__(self) -> None:
        self._strata: OrderedDict[Hashable, _Stratum] = OrderedDict()
        self.off = ConjectureData is None

    def find(self, key: Hashable, about: Hashable, rehearse: Callable[[Questions], None]) -> Script | None:
        """The script of a subject like this one, or one that fits it."""
        stratum = self._strata.get(key)
        if stratum is None or self.off:
            return None
        self._strata.move_to_end(key)
        if about in stratum.known:
            return stratum.known[about]
        return next((each for each in reversed(stratum.variants) if each.fits(rehearse)), None)

    def keep(self, key: Hashable, about: Hashable, script: Script) -> None:
        stratum = self._strata.setdefault(key, _Stratum())
        stratum.known[about] = script
        stratum.variants = [*(each for each in stratum.variants if each is not script), script][-VARIANTS:]
        while len(self._strata) > STRATA:
            self._strata.popitem(last=False)

    def clear(self) -> None:
        self._strata.clear()
        _VALUES.clear()


SCRIPTS = Scripts()


class Recorder:
    """Wraps what asks one example, and keeps the script of a run in which none failed."""

    def __init__(self, ask: Callable[[Questions], None]) -> None:
        self._ask, self._examples = ask, list[Example]()
        self._whole = not SCRIPTS.off

    def __call__(self, data: st.DataObject) -> None:
        recording, end = self._recording(data), None
        try:
            self._ask(data if recording is None else recording)
        except ENDS as ended:
            end = _kind(ended)
            raise
        except BaseException:
            recording, self._whole = None, False
            raise
        finally:
            if recording is not None:
                self._examples.append(recording.example(end))

    def _recording(self, data: st.DataObject) -> Recording | None:
        try:
            return Recording(data) if self._whole else None
        except (AttributeError, KeyError):  # another Hypothesis
            self._whole = False
            return None

    def script(self) -> Script | None:
        return Script(self._examples) if self._whole and self._examples else None
