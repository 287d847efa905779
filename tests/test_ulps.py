"""Errors in units in the last place: measured right, kept for every answer, and drawn to fit a terminal."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from adapters.base import Activation, Array
from adapters.numpy import NumPy
from conformance import plan, suite, ulps
from conformance.bounded import Arithmetic, Bounded
from conformance.clauses import CLAUSES
from conformance.examination import Examination, Nonconformance
from conformance.judge import compare
from conformance.report.ulps import draw, figure
from conformance.results import Results
from tests.test_results import described, row


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_spacing_is_that_of_the_dtype(dtype: str) -> None:
    values = np.geomspace(1e-9, 6e4, 501).astype(dtype)
    assert np.array_equal(ulps.spacing(values.astype(np.float64), dtype), np.spacing(values).astype(np.float64))


def test_spacing_at_the_ends_of_the_range() -> None:
    assert ulps.spacing(np.array([0.0, 1.0, np.inf]), "bfloat16").tolist() == [2.0**-133, 2.0**-7, 2.0**120]


def measured(got: Array, value: Array, name: str = "tanh", output: str = "y", **case: Any) -> dict[str, Any]:
    asked = Activation(name=name, x=np.asarray(case.pop("x", got), np.float32))
    expected = Bounded(value, np.full(value.shape, 1e-3), Arithmetic.of("float32"))
    found = ulps.measure(asked, output, compare(got, expected, "float32"), "float32")
    assert found is not None
    return found


def test_worst_of_all_elements_is_kept_be_it_within_the_bound_or_not() -> None:
    value = np.array([1.0, 1.0, 0.5])
    steps = np.array([1.0, -3.0, 100.0]) * [2.0**-23, 2.0**-23, 2.0**-24]
    assert measured((value + steps).astype(np.float32), value)["ulps"] == 100.0
    assert measured(np.array([1.0, 7.0, np.nan], np.float32), value)["ulps"] == np.inf


def test_gradient_at_a_kink_has_no_one_right_number() -> None:
    got, value = np.array([1.0, 0.0], np.float32), np.array([0.0, 0.0])
    assert measured(got, value, "relu", "dx", x=[0.0, -1.0])["ulps"] == 0.0
    assert measured(got, value, "relu", "y", x=[0.0, -1.0])["ulps"] > 1e6


class WrongOnce(NumPy):
    def tanh(self, x: Array) -> Array:
        return super().tanh(x) + np.where(x == 0.5, 1, 0).astype(x.dtype)


def test_answer_that_fails_its_clause_is_measured() -> None:
    adapter = WrongOnce()
    entries = plan.entries(CLAUSES["ACT.value.every"], [adapter])
    entry = next(each for each in entries if (each.activation, each.subject.dtype) == ("tanh", "float16"))
    exam = Examination(entry.clause, entry.subject, adapter, entry.activation)
    with pytest.raises(Nonconformance):
        suite.tests()["ACT.value.every"](exam)
    assert exam.record.ulps["y"]["x"] == 0.5
    assert exam.record.ulps["y"]["ulps"] == pytest.approx(4096, rel=0.01)


def test_figures_are_short() -> None:
    assert [figure({"ulps": value}) for value in (0.5, 12.3, 3e4, 8.2e12, "inf")] == ["0.5", "12", "3e4", "8e12", "inf"]


def told(results: Results, width: int = 80) -> str:
    output = io.StringIO()
    draw(results, Console(file=output, width=width))
    return output.getvalue()


def test_table_fits_the_width() -> None:
    found = {"ulps": 1.5, "x": 0.5, "got": 1.0, "expected": 1.0}
    rows = []
    for number in range(12):
        one = row(clause="ACT.value", activation="gelu", ulps={"y": found, "dx": found | {"ulps": 30.0 * number}})
        rows.append(one | {"subject": one["subject"] | {"api": f"api-{number}"}})
    results = Results(described(), rows)
    lines = told(results).splitlines()
    assert max(map(len, lines)) <= 80
    assert all(f"api-{number}" in told(results) for number in range(12))
    assert "1.5 330" in told(results)
    assert len(results.document()["ulps"]) == 12


def test_run_without_activations_says_so() -> None:
    assert "asked no activation" in told(Results(described(), [row()]))
