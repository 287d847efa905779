"""Two runs held against each other: what got worse, what got better, and what cannot be told.

The same questions are put to both only where profile, seed and version of the suite are the same: sizes of errors are
compared there alone. After other questions a clause that fails now is worse, because it fails; nothing else is, and a
pass after fewer cases is not called an improvement.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from conformance.judge import GRADES
from conformance.report.view import SEVEREST, Cell, View, key
from conformance.results import BAD, processor

#: By how much an error has to grow, in units of the bound, unless the caller says otherwise.
FACTOR = 4.0
#: What is a smaller part of the bound than this is no error that anybody sees grow.
NOTICEABLE = 0.1
PROFILES = ("quick", "ci", "deep")
#: kind -> its title, in the order in which they are told
KINDS = {
    "failing": "newly failing",
    "verdict": "verdict changed",
    "records": "other recorded deviations met",
    "grade": "grade changed",
    "error": "error over bound changed",
    "disappeared": "not asked any more",
    "appeared": "newly asked",
    "passing": "no longer failing",
}


@dataclass(frozen=True)
class Change:
    """One clause x subject that is not what it was. ``worse``: None where it is neither."""

    kind: str
    worse: bool | None
    id: str
    clause: str
    subject: str
    was: str
    now: str

    def as_dict(self) -> dict[str, Any]:
        names = ("kind", "worse", "id", "clause", "subject", "was", "now")
        return {name: getattr(self, name) for name in names}


@dataclass
class Difference:
    """What changed from one run to another."""

    old: View
    new: View
    factor: float = FACTOR
    changes: list[Change] = field(default_factory=list)
    #: What a reader must know before he believes it.
    notes: list[str] = field(default_factory=list)
    compared: int = 0
    #: How many do not fail and are of one run alone, which was told to ask them or had their backend.
    aside: int = 0

    def alone(self, expected: bool, change: Change) -> None:
        """What one run alone asked: a change where both were expected to, or where it fails; else it is counted."""
        if expected or change.was in BAD or change.now in BAD:
            self.changes.append(change)
        else:
            self.aside += 1

    @property
    def worse(self) -> list[Change]:
        return [change for change in self.changes if change.worse]

    @property
    def counts(self) -> Counter[str]:
        return Counter(change.kind for change in self.changes)

    def by_kind(self) -> Iterator[tuple[str, list[Change]]]:
        """Title of a kind -> its changes, those for the worse first."""
        for kind, title in KINDS.items():
            found = [change for change in self.changes if change.kind == kind]
            if found:
                yield title, sorted(found, key=lambda change: (not change.worse, change.worse is None))

    def verdict(self) -> str:
        beside = f"; {self.aside} of one run alone left aside" if self.aside else ""
        if self.worse:
            return f"worse: {len(self.worse)} of {len(self.changes)} changes{beside}"
        if not self.changes:
            return f"no change in {self.compared} clauses x subjects{beside}"
        return f"nothing got worse: {len(self.changes)} changes in {self.compared} clauses x subjects{beside}"

    def heads(self) -> list[tuple[str, str, str]]:
        """What was compared: (title, old, new)."""
        old, new = self.old.run, self.new.run
        lines = [(name, str(old.get(name)), str(new.get(name))) for name in ("started", "profile", "seed")]
        lines.append(("suite", _suite(old), _suite(new)))
        one, other = (run["environment"]["versions"] for run in (old, new))
        lines += [(name, one.get(name, "-"), other.get(name, "-")) for name in dict.fromkeys([*one, *other])]
        lines.append(("processor", processor(old["environment"]) or "-", processor(new["environment"]) or "-"))
        return lines

    def as_dict(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict(),
            "worse": len(self.worse),
            "factor": self.factor,
            "compared": self.compared,
            "aside": self.aside,
            "notes": self.notes,
            "runs": [{"what": what, "old": old, "new": new} for what, old, new in self.heads()],
            "changes": [change.as_dict() for change in self.changes],
        }


def difference(old: View, new: View, factor: float = FACTOR) -> Difference:
    found = Difference(old, new, factor)
    found.notes = list(_notes(old.run, new.run))
    alike = all(_asked(old.run, name) == _asked(new.run, name) for name in ("profile", "seed", "suite"))
    weaker = _place(new.run["profile"]) < _place(old.run["profile"])
    before, after = ({key(cell.row): cell for cell in view.cells} for view in (old, new))
    known = {_backend(cell) for cell in old.cells}
    requested = _requested_alike(old.run, new.run)
    lost = alike and requested and _suite(old.run) == _suite(new.run)
    for name in dict.fromkeys([*before, *after]):
        one, other = before.get(name), after.get(name)
        if one is not None and other is not None:
            found.compared += 1
            change = _changed(one, other, factor if alike else math.inf)
            if change is not None and not alike:
                change = _other_questions(change, other, weaker=weaker)
            if change is not None:
                found.changes.append(change)
        elif one is not None:
            # Missing, if the run was asked for it as before, and the suite has it.
            worse = lost and one.verdict != "unsupported"
            found.alone(requested, _change("disappeared", worse or None, one, one.verdict, "-"))
        elif other is not None:
            worse = requested and other.verdict in BAD
            expected = requested and _backend(other) in known
            found.alone(expected, _change("appeared", worse or None, other, "-", other.verdict))
    return found


def _backend(cell: Cell) -> str:
    return str(cell.row["subject"]["backend"])


def _suite(run: Mapping[str, Any]) -> str:
    return str(run["environment"].get("suite", "?"))


def _other_questions(change: Change, now: Cell, *, weaker: bool) -> Change:
    """What of a change can be told after other questions: that something fails now, or after no fewer cases not."""
    told = now.verdict in BAD if change.kind == "failing" else None
    return replace(change, worse=False if change.kind == "passing" and not weaker else told)


def _asked(run: Mapping[str, Any], name: str) -> Any:
    return run["environment"].get("suite") if name == "suite" else run[name]


def _place(profile: str) -> int:
    return PROFILES.index(profile) if profile in PROFILES else len(PROFILES)


def _requested_alike(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return all(old.get(name) == new.get(name) for name in ("filters", "keyword", "devices"))


def _notes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in ("profile", "seed", "suite"):
        one, other = _asked(old, name), _asked(new, name)
        if one != other:
            yield (
                f"{name} {one} against {other}: other questions were asked, so verdicts and grades are compared and "
                "sizes of errors are not"
            )
    if old["environment"].get("source") != new["environment"].get("source"):
        yield "the suite's own files differ, records among them: a change may be the suite's"
    if _place(new["profile"]) < _place(old["profile"]):
        yield "the new run asked fewer cases: what passes now is not called an improvement"
    if processor(old["environment"]) != processor(new["environment"]):
        yield "the processors differ: frameworks choose their kernels by them, and a change may be the machine's"
    for name, run in (("old", old), ("new", new)):
        if not run["complete"]:
            yield f"the {name} run did not come to its end: what it did not ask is told as such"
    for name in ("filters", "keyword", "devices"):
        if old.get(name) != new.get(name):
            yield f"{name} differ: what one run alone was told to ask is listed where it fails, and else counted"
    for name in new["backends"]:
        if name not in old["backends"]:
            yield f"backend {name} is new: what fails of it is listed, and the rest counted"
    for name in old["backends"]:
        if name not in new["backends"] and name in new["missing"]:
            yield f"backend {name} is missing in the new run: {new['missing'][name]}"


def _changed(one: Cell, other: Cell, factor: float) -> Change | None:
    was, now = one.verdict, other.verdict
    if was != now:
        worse = SEVEREST.index(now) < SEVEREST.index(was) or (now == "unsupported")
        kind = "verdict"
        if (now in BAD) != (was in BAD):
            kind = "failing" if now in BAD else "passing"
        if "unsupported" in (was, now):
            # What is refused now was answered; what is answered now is worse only if it fails.
            worse = now == "unsupported" or now in BAD
        return _change(kind, worse, one, _told(one), _told(other))
    gained = sorted(other.row["deviations"].keys() - one.row["deviations"].keys())
    gone = sorted(one.row["deviations"].keys() - other.row["deviations"].keys())
    if gained or gone:
        return _change("records", bool(gained), one, _listed(gone), _listed(gained))
    grades = [_grade(cell.row["grade"]) for cell in (one, other)]
    if grades[0] != grades[1] and None not in (one.row["grade"], other.row["grade"]):
        return _change("grade", grades[1] > grades[0], one, str(one.row["grade"]), str(other.row["grade"]))
    return _grown(one, other, factor)


def _grade(name: str | None) -> int:
    return GRADES.index(name) if name in GRADES else len(GRADES)


def _grown(one: Cell, other: Cell, factor: float) -> Change | None:
    was, now = size(one), size(other)
    if math.isinf(factor) or was == now or max(was, now) < NOTICEABLE:
        return None
    small, large = sorted((max(was, NOTICEABLE / factor), max(now, NOTICEABLE / factor)))
    if large <= factor * small:
        return None
    return _change("error", now > was, one, f"{was:.3g}", f"{now:.3g}")


def size(cell: Cell) -> float:
    """The largest error over bound that is known of a cell, excused ones included."""
    ratios = [float(finding.get("ratio", 0.0)) for _, finding in cell.findings()]
    known = [cell.worst, *ratios]
    return max((ratio if ratio == ratio else math.inf for ratio in known), default=0.0)


def _told(cell: Cell) -> str:
    names = _listed(sorted(cell.row["deviations"])) if cell.verdict == "deviation" else ""
    return f"{cell.verdict}{f' ({names})' if names and names != '-' else ''}"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "") or "-"


def _change(kind: str, worse: bool | None, cell: Cell, was: str, now: str) -> Change:
    return Change(kind, worse, cell.id, cell.row["clause"], cell.subject, was, now)
