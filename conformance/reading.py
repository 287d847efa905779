"""Reads a results file that may come from anywhere: refused in one line, or as the published schema says it is.

The schema is ``conformance/results.schema.json``. Nothing in a results file is ever executed.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn

from conformance.results import SCHEMA, SCHEMA_VERSION, ResultsError, Row

#: Bytes beyond which a file is no results file: a run of every backend writes a third of it.
LARGEST = 64 * 2**20
#: Columns of a row that a file of version 1 does not have, and what they are without it.
_SINCE_2: dict[str, Any] = {"element": None, "spread": [], "offsets": {}}
_OTHER = f"this program reads versions 1 to {SCHEMA_VERSION}: run the suite again"
_NEWER = "a newer version of conformance wrote it: python -m pip install --upgrade conformance-layers"


def read(path: Path) -> tuple[dict[str, Any], list[Row]]:
    """The run and its rows. Raises ResultsError with one line that says what is wrong, and where."""
    document = parsed(path)
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ResultsError(f"{path}: not a conformance results file (no schema {SCHEMA!r})")
    version = document.get("schema_version")
    if isinstance(version, bool) or version not in (1, SCHEMA_VERSION):
        newer = isinstance(version, int) and version > SCHEMA_VERSION
        raise ResultsError(f"{path}: schema version {str(version)[:40]!r}; {_NEWER if newer else _OTHER}")
    check(_validate(), _upgraded(document), path)
    return document["run"], document["results"]


def check(validate: Callable[[Any], Any], document: Any, path: Path) -> None:
    """Raises ResultsError where the document is not as a schema says."""
    try:
        validate(document)
    except _refusal() as error:
        raise ResultsError(f"{path}: {_told(error)}") from None


def parsed(path: Path) -> Any:
    """What the file holds, as JSON. Raises ResultsError where it is too large, unreadable, or no JSON."""
    try:
        if (size := path.stat().st_size) > LARGEST:
            raise ResultsError(f"{path}: {size >> 20} MB are more than a run writes ({LARGEST >> 20} MB at most)")
        return json.loads(path.read_text("utf-8"), parse_constant=_no_number)
    except OSError as error:
        raise ResultsError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ResultsError(f"{path}: not a text file in UTF-8") from None
    except json.JSONDecodeError as error:
        raise ResultsError(f"{path}: line {error.lineno}: {error.msg}; the file is damaged or not JSON") from None
    except ValueError as error:  # a number of too many digits, a path with a null character
        raise ResultsError(f"{path}: not readable as JSON: {error}") from None
    except (RecursionError, MemoryError):
        raise ResultsError(f"{path}: nested too deeply, or too large, to be results of a run") from None


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _upgraded(document: dict[str, Any]) -> dict[str, Any]:
    """The document in the version of this program, in place."""
    if document["schema_version"] == 1 and isinstance(document.get("results"), list):
        for row in document["results"]:
            if isinstance(row, dict):
                for column, value in _SINCE_2.items():
                    row.setdefault(column, value)
        document["schema_version"] = SCHEMA_VERSION
    return document


@functools.cache
def schema() -> dict[str, Any]:
    """The published JSON Schema of results.json."""
    text = resources.files("conformance").joinpath("results.schema.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@functools.cache
def _validate() -> Callable[[Any], Any]:
    return validator(schema())


def validator(schema: dict[str, Any]) -> Callable[[Any], Any]:
    """What checks a document by a JSON Schema."""
    import fastjsonschema

    # It knows drafts up to 7, whose keywords are all that our schemas use.
    known = json.loads(json.dumps(schema).replace('"$defs"', '"definitions"').replace("#/$defs/", "#/definitions/"))
    known["$schema"] = "http://json-schema.org/draft-07/schema#"
    made: Callable[[Any], Any] = fastjsonschema.compile(known, use_default=False)
    return made


def _refusal() -> type[Exception]:
    import fastjsonschema

    found: type[Exception] = fastjsonschema.JsonSchemaValueException
    return found


def _told(error: Any) -> str:
    """What is wrong, in a line: the place in a reader's words, and what the schema wants there."""
    match error.path[1:]:
        case ["results", number, *rest]:
            place = [f"result {int(number) + 1}", *rest]
        case place:
            place = place or ["the file"]
    where = ": ".join(" ".join(str(part).split())[:60] for part in place)
    return f"{where}: must {_wanted(error)}"


def _wanted(error: Any) -> str:
    match error.rule:
        case "required":
            absent = [name for name in error.rule_definition if name not in (error.value or {})]
            return f"have {', '.join(absent[:8])}"
        case "type":
            kinds = error.rule_definition
            return f"be {kinds if isinstance(kinds, str) else ' or '.join(kinds)}"
        case "enum":
            return f"be one of {', '.join(map(str, error.rule_definition))}"
        case "const":
            return f"be {error.rule_definition!r}"
        case "minimum" | "maximum":
            return f"be a count of 0 to {2**53}" if error.rule_definition in (0, 2**53) else "be a smaller number"
        case "additionalProperties":
            return "have nothing else"
        case _:  # anyOf: a number, or what stands for one; or something and null
            return "be a number (or nan, inf, -inf as text), or what the schema says there"
