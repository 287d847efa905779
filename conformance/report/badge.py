"""A badge: an SVG of its own, or the JSON from which shields.io draws one."""

from __future__ import annotations

import json

from conformance.report import table
from conformance.report.text import attribute
from conformance.report.view import View
from conformance.results import BAD

LABEL = "conformance"
_COLOURS = {True: ("#2f7d4f", "brightgreen"), False: ("#c62828", "red"), None: ("#6b7178", "lightgrey")}


def message(view: View) -> tuple[str, bool | None]:
    """What the badge says, and whether the run conforms."""
    _, conforms = table.verdict(view.results)
    failed = sum(view.counts[verdict] for verdict in BAD)
    asked = len(view.cells) - view.counts["unsupported"]
    if conforms is None:
        return "nothing run", None
    if failed:
        return f"{failed} of {asked} fail", conforms
    if not conforms:
        return "incomplete" if not view.run["complete"] else "stale record", conforms
    known = view.counts["deviation"]
    return f"{asked - known} pass, {known} known" if known else f"{asked} pass", True


def endpoint(view: View) -> str:
    """https://shields.io/badges/endpoint-badge"""
    told, conforms = message(view)
    badge = {"schemaVersion": 1, "label": LABEL, "message": told, "color": _COLOURS[conforms][1]}
    return json.dumps(badge, indent=1) + "\n"


def picture(view: View) -> str:
    told, conforms = message(view)
    left, right = 84, round(14 + 6.6 * len(told))
    text = attribute(told)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{LABEL}: {text}"><title>{LABEL}: {text}</title>'
        f'<rect width="{left + right}" height="20" rx="3" fill="#444c56"/>'
        f'<path d="M{left} 0h{right - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H{left}z" fill="{_COLOURS[conforms][0]}"/>'
        f'<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="{left / 2}" y="14">{LABEL}</text><text x="{left + right / 2}" y="14">{text}</text></g></svg>\n'
    )
