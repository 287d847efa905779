"""The test of the test: every planted fault, and every sound layer, put to the clauses in some processes."""

from __future__ import annotations

import importlib.util
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from conformance import backends, bernoulli, profiles, results
from conformance.clauses import CLAUSES

from . import bench
from .document import SCHEMA, SCHEMA_VERSION, Document, QualificationError
from .faults import FAULTS
from .judges import BOUND, JUDGES
from .registry import Fault, Sound
from .survey import survey
from .zoo import CONTROL, SOUND

#: Layers that one process asks of one clause, one after another: they share the cases.
TOGETHER = 16
#: What the modules of a user's plants are called.
_PLANTS = "plants_"

Row = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What ``conformance qualify`` was asked."""

    profile: str = "ci"
    #: Of the sound layers: a clause must leave each alone however it is asked, and there are many of them.
    zoo_profile: str = "quick"
    seed: int = 0
    workers: int = 1
    #: Python files that plant faults, or sound layers, of their own.
    plants: tuple[Path, ...] = ()
    #: Whether each fault is put to the other clauses of its layer too.
    matrix: bool = False
    #: Of the faults, the first so many of each category alone and the user's; all of them where it is None.
    sample: int | None = None
    #: Of the faults, those whose id matches one of the globs.
    globs: tuple[str, ...] = ("*",)
    #: The clauses that match one of the globs, of faults and of sound layers.
    clauses: tuple[str, ...] = ("*",)

    @property
    def narrow(self) -> bool:
        """Whether it asks for some faults: then no sound layer is asked but the control, under their clauses."""
        return self.sample is not None or self.globs != ("*",)


@dataclass(frozen=True)
class _Task:
    """Some layers under one clause."""

    clause: str
    ids: tuple[str, ...]
    faults: bool


def qualify(request: Request, told: Callable[[int, int, str], None] = lambda done, total, what: None) -> Document:
    """Ask everything; ``told`` hears of each row as it comes, with how many are there and how many are to come.

    Raises QualificationError where a file of plants is no such file.
    """
    before = profiles.chosen()
    try:
        return _qualify(request, told)
    finally:
        profiles.choose(before)


def _qualify(request: Request, told: Callable[[int, int, str], None]) -> Document:
    started, clock = results.now(), time.monotonic()
    _begin(request)
    faults, not_asked = _present(_chosen(request))
    sounds, missing = _present([CONTROL] if request.narrow else [CONTROL, *SOUND])
    tasks = list(_tasks(faults, sounds, [clause for clause in CLAUSES if _matches(clause, request.clauses)]))
    rows: dict[bool, list[Row]] = {True: [], False: []}
    for task, found in _answers(tasks, request):
        rows[task.faults] += found
        for row in found:
            told(sum(map(len, rows.values())), sum(len(each.ids) for each in tasks), f"{row['clause']} {row['id']}")
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "run": {
            "started": started,
            "finished": results.now(),
            "seconds": round(time.monotonic() - clock, 1),
            "profile": request.profile,
            "zoo_profile": request.zoo_profile,
            "seed": request.seed,
            "workers": request.workers,
            "environment": results.environment([backends.adapter("numpy")]),
            "false_alarm": bernoulli.LEDGER,
        },
        "judges": [
            {"name": BOUND, "source": "", "says": "the error that a sound implementation may make, from the formula"},
            *({"name": judge.name, "source": judge.source, "says": judge.says} for judge in JUDGES),
        ],
        "faults": sorted(rows[True], key=lambda row: (list(CLAUSES).index(row["clause"]), row["id"])),
        "sound": sorted(rows[False], key=lambda row: (list(CLAUSES).index(row["clause"]), row["id"])),
        "not_asked": not_asked | missing,
    }


def _begin(request: Request) -> None:
    """What every process needs: the plants, and the clauses' tests, imported under the profile."""
    profiles.choose(request.profile)
    bench.tests()
    for path in request.plants:
        before = len(FAULTS) + len(SOUND)
        _import(path)
        if len(FAULTS) + len(SOUND) == before:
            raise QualificationError(f"{path} plants nothing: register a class with conformance.qualification.fault")


def _import(path: Path) -> None:
    name = f"{_PLANTS}{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise QualificationError(f"{path} is no file of Python")
    module = importlib.util.module_from_spec(spec)
    if name in sys.modules:  # by this process already
        return
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise QualificationError(f"{path}: {type(error).__name__}: {error}") from None


def _chosen(request: Request) -> list[Fault]:
    for glob in request.clauses:
        if not any(_matches(clause, (glob,)) for clause in CLAUSES):
            raise QualificationError(f"--clause {glob!r} matches no clause; 'conformance list' shows them all")
    found = [fault for fault in FAULTS if _matches(fault.clause, request.clauses) and _matches(fault.id, request.globs)]
    if not found:
        raise QualificationError(f"--fault {','.join(request.globs)} matches no planted fault, e.g. {FAULTS[0].id}")
    if request.sample is None:
        return found
    before: Counter[str] = Counter()
    chosen = []
    for fault in found:
        before[fault.category] += 1
        if before[fault.category] <= request.sample or type(fault.adapter).__module__.startswith(_PLANTS):
            chosen.append(fault)
    return chosen


def _matches(name: str, globs: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


def _present(layers: list[Any]) -> tuple[list[Any], dict[str, str]]:
    """Those whose framework is installed, and why the others are left out."""
    missing = {layer.id: why for layer in layers if (why := layer.adapter.missing()) is not None}
    return [layer for layer in layers if layer.id not in missing], missing


def _tasks(faults: list[Fault], sounds: list[Sound], clauses: list[str]) -> Iterator[_Task]:
    """Those with most layers first, so that none is begun when all others are done."""
    groups: list[_Task] = []
    for clause in clauses:
        planted = [fault.id for fault in faults if fault.clause == clause]
        asked = planted or sounds != [CONTROL]  # a sample's control where the sample's faults are
        left_alone = [sound.id for sound in sounds if asked and sound.answers(clause)]
        for ids, are_faults in ((planted, True), (left_alone, False)):
            cuts = range(0, len(ids), TOGETHER)
            groups += [_Task(clause, tuple(ids[cut : cut + TOGETHER]), are_faults) for cut in cuts]
    return iter(sorted(groups, key=lambda task: -len(task.ids)))


def _answers(tasks: list[_Task], request: Request) -> Iterator[tuple[_Task, list[Row]]]:
    if request.workers == 1:
        for task in tasks:
            yield task, _asked(task, request)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(request.workers, spawn, initializer=_begin, initargs=(request,)) as pool:
        asked = {pool.submit(_asked, task, request): task for task in tasks}
        try:
            for done in as_completed(asked):
                yield asked[done], done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _asked(task: _Task, request: Request) -> list[Row]:
    profiles.choose(request.profile if task.faults else request.zoo_profile)
    every: tuple[Fault | Sound, ...] = (*FAULTS, CONTROL, *SOUND)
    known = {layer.id: layer for layer in every}
    rows = []
    for layer in (known[name] for name in task.ids):
        row = {"says": layer.says, **survey(layer, task.clause, request.seed)}
        if isinstance(layer, Fault):
            row |= {"category": layer.category, "tracker": layer.tracker, "survives": layer.survives}
            row["others"] = _others(layer, row, request) if request.matrix else None
        rows.append(row)
    return rows


def _others(fault: Fault, row: Row, request: Request) -> list[Row]:
    """The other clauses of the layer that catch the fault, at the subject at which its own clause did."""
    kill = row["kills"].get(BOUND)
    if kill is None:
        return []
    found = []
    for clause in CLAUSES:
        if clause != fault.clause and clause.partition(".")[0] == fault.clause.partition(".")[0]:
            where = kill["subject"] | ({"activation": kill["activation"]} if kill["activation"] else {})
            kills = survey(fault, clause, request.seed, judges=(), only=where)["kills"]
            if kills:
                found.append({"clause": clause, "kills": kills})
    return found
