"""Results for the tests of the report: rows of every verdict, with cases as a run writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from conformance.report.view import View, opened
from conformance.results import Results
from tests.test_results import described, row

#: Text that would be markup, a command or an escape where it is not made harmless.
HOSTILE = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&lt;]]>`|*[a](javascript:x)\x1b[31m\u202e\x00\ud800```"
)
CASE = "Activation(name='gelu', x=np.array([-14.0, 1.0], 'float32'), parameters={}, alpha=None, dy=None)"
FINDING = {
    "case": CASE, "regime": "wide", "output": "y", "index": [0], "got": 0.0, "expected": -1.09e-43, "bound": 1e-44,
    "ratio": 10.9, "failing": 1, "elements": 2, "grade": "cancelling",
}  # fmt: skip
RECORD = {
    "backend": "torch", "kind": "defect", "severity": "precision", "reason": "The tail is lost.",
    "source": "https://example.org/1",
}  # fmt: skip
ELEMENT = {"output": "y", "index": [1], "regime": "normal", "got": 1.0, "expected": 1.0 + 1e-8, "bound": 1e-7}


def subject(backend: str = "torch", **axes: str) -> dict[str, str]:
    return {"backend": backend, "api": "nn.functional", "mode": "eager", "device": "cpu", "dtype": "float32", **axes}


def rows() -> list[dict[str, Any]]:
    """A row of every kind."""
    tests = [
        {"false_alarm": 1e-12, "detectable_shift": 0.01, "rate": rate, "count": 1000 - int(1000 * rate), "trials": 1000}
        for rate in (0.1, 0.5)
    ]
    shift = {"false_alarm": 1e-12, "detectable_shift": 0.01, "rate": 0.5, "predicted": 2.0, "measured": 2.01}
    ulps = {"y": {"ulps": 77.0, "x": -14.0, "got": 0.0, "expected": -1.09e-43, "curve": {"-3": 77.0, "+0": 0.5}}}
    offsets = {f"{place / 2:.1f}": {"error": 1e-7 * 2**place, "bound": 1e-6 * 3**place} for place in range(9)}
    torch, jax = subject(), subject("jax", api="jax.nn")
    return [
        row(subject=torch, offsets=offsets, element=ELEMENT, spread=[0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0]),
        row("fail", "LN.output", subject=torch, counterexample={**FINDING, "grade": "one-pass"},
            message="LN.output: no"),
        row("deviation", "ACT.value", subject=torch, activation="gelu", deviations={"torch-gelu-cancels": FINDING},
            grade="cancelling", ulps=ulps),
        row("crash", "BN.empty", subject=torch, message="the process died: SIGFPE"),
        row("unsupported", "ACT.value", subject=jax, activation="mish", message="no mish", worst=0.0),
        row(clause="DO.rate", subject=torch, statistics=tests, worst=0.0),
        row(clause="NET.variance-shift", subject=jax, statistics=[shift]),
        row("undecided", "LN.grad", subject=jax, worst=0.0, message="no bound"),
    ]  # fmt: skip


def run(**changes: Any) -> dict[str, Any]:
    dialect = {"momentum": "new", "running_var_divisor": "n-1", "rate_one": "zeros", "dropped_special": "nan",
               "channel_axes": [1], "layer_norm_affine": True}  # fmt: skip
    dialects = {"torch": {"nn.functional": dialect}}
    records = {"torch-gelu-cancels": RECORD}
    return described(backends=["torch", "jax"], records=records, dialects=dialects, devices=["cpu"], **changes)


def written(folder: Path, *chosen: dict[str, Any], name: str = "results.json", **changes: Any) -> Path:
    """A results file of the rows, all of :func:`rows` where none are given."""
    path = folder / name
    document = Results(run(**changes), list(chosen) or rows()).document()
    path.write_text(json.dumps(document), "utf-8")
    return path


def view(folder: Path, *chosen: dict[str, Any], name: str = "results.json", **changes: Any) -> View:
    return View(opened(written(folder, *chosen, name=name, **changes)))


def hostile(value: Any, but: tuple[str, ...] = ()) -> Any:
    """The document with hostile text behind every text that is free, but for that under the keys ``but``."""
    if isinstance(value, dict):
        return {key: item if key in but else hostile(item, but) for key, item in value.items()}
    if isinstance(value, list):
        return [hostile(item, but) for item in value]
    return value + HOSTILE if isinstance(value, str) and value not in FIXED else value


FIXED = ("pass", "deviation", "fail", "crash", "timeout", "undecided", "unsupported", "nan", "inf", "-inf",
         "conformance-results")  # fmt: skip
