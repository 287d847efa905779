"""A case that a record says is deadly is put to another process, and its death is that record's deviation."""

from __future__ import annotations

import numpy as np
import pytest
from packaging.requirements import Requirement

from adapters.base import Activation, Subject, Unsupported
from conformance.clauses import CLAUSES
from conformance.deviations import Deviation
from conformance.examination import Examination
from tests.adapters.deadly import ADAPTER


def exam(name: str) -> Examination:
    record = Deviation(
        id="deadly-falls",
        backend="deadly",
        clauses=("ACT.value",),
        versions=Requirement("numpy>=1"),
        kind="defect",
        severity="crash",
        reason="",
        source="",
        outputs=("crash",),
        where={"name": {"equals": name}},
    )
    return Examination(CLAUSES["ACT.value"], Subject("deadly", "control"), ADAPTER, "relu", deviations=(record,))


def case(name: str) -> Activation:
    return Activation(name=name, x=np.array([-1.0, 2.0], "float32"))


def test_death_is_excused_and_kept() -> None:
    examined = exam("segfault")
    with pytest.raises(Unsupported, match=r"^died, as a recorded deviation says$"):
        examined.ask(case("segfault"))
    (finding,) = examined.record.deviations.values()
    assert finding["message"] == "the process died: SIGSEGV; about to fall"
    assert "name='segfault'" in finding["case"]


def test_a_case_that_does_not_die_is_answered_and_leaves_the_record_unmet() -> None:
    examined = exam("relu")
    assert examined.ask(case("relu")).arrays["y"].tolist() == [0.0, 2.0]
    assert not examined.record.deviations
