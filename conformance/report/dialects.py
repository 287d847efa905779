"""What each framework chose, side by side with what was measured where the choice shows."""

from __future__ import annotations

from collections import Counter
from typing import Any

from conformance.report.view import View

#: Title of a column and the field of :class:`adapters.base.Dialect`.
CHOICES = (
    ("momentum weighs", "momentum"),
    ("running variance divides by", "running_var_divisor"),
    ("dropout at p = 1", "rate_one"),
    ("a dropped NaN becomes", "dropped_special"),
    ("batch norm's channel axes", "channel_axes"),
    ("layer norm has gain and bias", "layer_norm_affine"),
)
#: The field -> the clause that would fail were it another one.
VERIFIED = {
    "momentum": "BN.running.update",
    "running_var_divisor": "BN.running.update",
    "rate_one": "DO.one",
    "dropped_special": "DO.special",
    "channel_axes": "BN.layout",
    "layer_norm_affine": "LN.output",
}
_WORDS = {
    ("momentum", "new"): "the new statistic",
    ("momentum", "old"): "the old one",
    ("layer_norm_affine", True): "yes",
    ("layer_norm_affine", False): "no",
}


def dialects(view: View) -> list[tuple[str, list[tuple[str, str]]]]:
    """Backend and api -> (what it declares, what the clause that verifies it came to) for each of CHOICES.

    An api that was not asked what the choice is about has nothing to declare.
    """
    found = []
    for backend, apis in view.run.get("dialects", {}).items():
        for api, chosen in apis.items():
            values = [_value(view, backend, api, name, chosen.get(name)) for _, name in CHOICES]
            if any(declared for declared, _ in values):
                found.append((f"{backend} {api}", values))
    return found


def _value(view: View, backend: str, api: str, name: str, declared: Any) -> tuple[str, str]:
    clause = VERIFIED[name]
    asked = [
        cell
        for cell in view.cells
        if (cell.row["clause"], cell.row["subject"]["backend"], cell.row["subject"]["api"]) == (clause, backend, api)
    ]
    verdicts = Counter(cell.verdict for cell in asked)
    answered = sum(verdicts.values()) - verdicts["unsupported"]
    if not answered or declared is None:
        return "", ""
    kept = f"{clause}: {verdicts['pass']} of {answered} conform"
    known = sorted({record for cell in asked for record in cell.row["deviations"]})
    dialect = [record for record in known if view.record(record).get("kind") == "dialect"]
    return _word(name, declared), kept + (f"; {', '.join(dialect)}" if dialect else "")


def _word(name: str, value: Any) -> str:
    if isinstance(value, list):
        return " and ".join({1: "first", -1: "last"}.get(each, str(each)) for each in value)
    return _WORDS.get((name, value), str(value))
