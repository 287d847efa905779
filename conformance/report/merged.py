"""The results of shards or machines as one. What cannot both be true is an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from conformance import results
from conformance.report.view import key
from conformance.results import Results, Row

#: What all parts must have in common.
ALIKE = ("profile", "seed")
#: Lists of records that a run did not meet.
UNMET = ("stale", "unmet", "elsewhere")


class Conflict(Exception):  # noqa: N818 - says what is the matter
    """Parts that are not of one run; the message names both and what differs."""


def merge(paths: Sequence[Path], target: Path) -> None:
    """Read the parts and write the whole. Raises Conflict, ResultsError."""
    if len(paths) < 2:
        raise Conflict("name two results files or more")
    parts = [results.load(path) for path in paths]
    for path, part in zip(paths[1:], parts[1:], strict=True):
        _agree(paths[0], parts[0], path, part)
    Results(_run(paths, parts), _rows(paths, parts), target).write()


def _agree(one: Path, first: Results, other: Path, part: Results) -> None:
    for name in ALIKE:
        if first.run[name] != part.run[name]:
            raise Conflict(f"{one} and {other} differ in {name}: {first.run[name]!r} and {part.run[name]!r}")
    for name in ("suite", "source"):
        suites = [run["environment"].get(name) for run in (first.run, part.run)]
        if suites[0] != suites[1]:
            raise Conflict(f"{one} and {other} were written by suites {suites[0]} and {suites[1]}")


def _rows(paths: Sequence[Path], parts: Sequence[Results]) -> list[Row]:
    found: dict[tuple[str, ...], tuple[Path, Row]] = {}
    for path, part in zip(paths, parts, strict=True):
        for row in part.rows:
            name = key(row)
            if name in found and _answer(found[name][1]) != _answer(row):
                raise Conflict(f"{found[name][0]} and {path} differ in {' '.join(filter(None, name))[:150]}")
            found.setdefault(name, (path, row))
    return [row for _, row in found.values()]


def _answer(row: Row) -> dict[str, Any]:
    """A row without what differs from run to run."""
    return {name: value for name, value in row.items() if not name.startswith("seconds")}


def _run(paths: Sequence[Path], parts: Sequence[Results]) -> dict[str, Any]:
    runs = [part.run for part in parts]
    made = dict(runs[0])
    versions: dict[str, str] = {}
    places: dict[str, Path] = {}
    for path, run in zip(paths, runs, strict=True):
        for name, version in run["environment"]["versions"].items():
            if versions.setdefault(name, version) != version:
                raise Conflict(
                    f"{places[name]} and {path} differ in the version of {name}: {versions[name]} and {version}"
                )
            places.setdefault(name, path)
    backends = list(dict.fromkeys(name for run in runs for name in run["backends"]))
    used = {name for part in parts for row in part.rows for name in row["deviations"]}
    finished = [run["finished"] for run in runs]
    made |= {
        "started": min(run["started"] for run in runs),
        "finished": None if None in finished else max(finished),
        "complete": all(run["complete"] for run in runs),
        "filters": _common(runs, "filters"),
        "backends": backends,
        "devices": list(dict.fromkeys(device for run in runs for device in run.get("devices", []))),
        "missing": {name: why for run in runs for name, why in run["missing"].items() if name not in backends},
        "records": {name: record for run in runs for name, record in run["records"].items()},
        "dialects": {name: apis for run in runs for name, apis in run.get("dialects", {}).items()},
        "environment": {**runs[0]["environment"], "versions": versions},
        "seconds": sum(float(run.get("seconds", 0)) for run in runs),
        # A record that one shard did not meet another one may have met.
        **{kind: sorted({name for run in runs for name in run.get(kind, [])} - used) for kind in UNMET},
        "false_alarm": _spent(runs),
        "merged": [{name: run.get(name) for name in ("started", "finished", "environment")} for run in runs],
    }
    return made


def _common(runs: Sequence[Mapping[str, Any]], name: str) -> Any:
    """What all runs were asked for; where they differ the whole was asked for nothing in particular."""
    values = [run.get(name, {}) for run in runs]
    return values[0] if all(value == values[0] for value in values) else {}


def _spent(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Every run has a false-alarm probability of its own: of the whole it is at most their sum."""
    return {**runs[0]["false_alarm"], "run": sum(float(run["false_alarm"]["run"]) for run in runs)}
