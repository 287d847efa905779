"""What the README shows works."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from adapters.base import Adapter
from conformance import deviations, plan, suite
from conformance.clauses import CLAUSES
from conformance.examination import Examination
from conformance.qualification.faults import FAULTS
from conformance.qualification.zoo import SOUND

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_example_adapter_conforms() -> None:
    names: dict[str, object] = {}
    exec(blocks("python")[0], names)  # the README is ours
    adapter = names["ADAPTER"]
    assert isinstance(adapter, Adapter)
    answered = 0
    for clause in ("ACT.value", "ACT.grad"):
        for entry in plan.entries(CLAUSES[clause], [adapter]):
            exam = Examination(entry.clause, entry.subject, adapter, entry.activation)
            suite.tests()[clause](exam)
            answered += exam.record.elements
            assert bool(exam.record.unsupported) == (clause == "ACT.grad")
    assert answered > 0


def test_example_deviation_is_right(tmp_path: Path) -> None:
    example = next(block for block in blocks("toml") if "[[deviation]]" in block)
    assert tomllib.loads(example)
    (tmp_path / "torch.toml").write_text(example, "utf-8")
    (record,) = deviations.load("torch", tmp_path)
    assert record.id in {known.id for known in deviations.load("torch")}


def test_counts_are_true() -> None:
    assert f"{len(FAULTS)} planted faults" in README
    assert f"{len(SOUND)} sound implementations" in README
    assert f"said to survive it and why ({sum(fault.survives is not None for fault in FAULTS)})" in README


def test_commands_name_what_exists() -> None:
    for clause in re.findall(r"(?:explain |clause=)([A-Z]+\.[\w.-]+)", README):
        assert clause in CLAUSES
