"""Each recorded deviation has a script that shows it with the framework and NumPy alone, and that still does."""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance import backends, deviations
from conformance.deviations import FOLDER, Deviation

RECORDS = [record for name in backends.names() for record in deviations.load(name)]
SCRIPTS = sorted((FOLDER / "reproducers").glob("*/*.py"))


def concerned(script: Path) -> list[Deviation]:
    return [record for record in RECORDS if record.script == script]


def concerns(record: Deviation) -> bool:
    """Whether it is about what is installed here, and not about kernels that this processor does not take."""
    adapter = backends.adapter(record.backend)
    return adapter.missing() is None and record.is_of(adapter.versions())


@pytest.fixture
def unchanged() -> Iterator[None]:
    """JAX's switch for float64 as it was, whatever a script does to it."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].config.update("jax_enable_x64", False)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.id)
def test_a_record_has_a_reproducer(record: Deviation) -> None:
    assert record.script.is_file()


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_reproducer_reproduces(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = concerned(script)
    assert records, f"{script.name} belongs to no record"
    if not any(map(concerns, records)):
        pytest.skip("speaks of versions that are not installed, or of kernels that are not taken here")
    alone = any(record.severity == "crash" or backends.adapter(record.backend).environment for record in records)
    if alone or "set_intra_op_parallelism_threads" in script.read_text("utf-8"):
        # It dies, or shows the death in a child of its own; or it needs a process that has chosen no Keras yet, or in
        # which TensorFlow, which takes the number of its threads once, has not begun.
        done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=300, check=False)
        code, told = done.returncode, done.stdout
    else:
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(script), run_name="__main__")
        code, told = end.value.code, capsys.readouterr().out
    if code == 0 and not any(record.here for record in records if concerns(record)):
        pytest.skip("speaks of kernels of which nobody knows whether they are taken here: it seems that they are not")
    assert code == 1, "the behaviour is gone: remove the record, or close its versions"
    assert "got" in told
    assert "right" in told
