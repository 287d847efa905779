"""Which kernels are taken: as the release notes of TensorFlow say, by the processor, unless the user has said."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance import machine
from conformance.deviations import kernels

CPUINFO = "processor\t: 0\nmodel name\t: One\nflags\t\t: fpu avx2\n\nprocessor\t: 1\nflags\t\t: none\n"
CORE = {"avx2", "avx512f", "avx512bw", "avx512vl", "avx512dq"}


@pytest.mark.parametrize(
    ("features", "environment", "onednn"),
    [
        ({"avx2", "avx512f"}, {}, False),
        ({"avx2", "avx512_vnni"}, {}, True),
        ({"avx2", "avx_vnni"}, {}, True),
        ({"avx2", "avx512_vnni"}, {"TF_ENABLE_ONEDNN_OPTS": "0"}, False),
        ({"avx2", "avx512_vnni"}, {"TF_ENABLE_ONEDNN_OPTS": "False"}, False),
        ({"avx2"}, {"TF_ENABLE_ONEDNN_OPTS": "1"}, True),
        (set(), {"TF_ENABLE_ONEDNN_OPTS": "1"}, True),
        (set(), {}, None),
        ({"avx2"}, {"TF_ENABLE_ONEDNN_OPTS": "perhaps"}, False),
    ],
)
def test_onednn_and_else_eigen(
    features: set[str], environment: dict[str, str], onednn: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "_features", lambda: frozenset(features))
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert kernels.taken("onednn") is onednn
    assert kernels.taken("eigen") is (None if onednn is None else not onednn)


@pytest.mark.parametrize(
    ("features", "limit", "told"),
    [
        (CORE, None, True),
        ({"avx2"}, None, False),
        ({"avx512f"}, None, False),
        (set(), None, None),
        (CORE, "AVX2", None),
    ],
)
def test_avx512(features: set[str], limit: str | None, told: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "_features", lambda: frozenset(features))
    for name in ("DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA"):
        monkeypatch.delenv(name, raising=False)
    if limit is not None:
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert kernels.taken("avx512") is told


@pytest.mark.parametrize(("architecture", "asked"), [("x86_64", True), ("aarch64", False)])
def test_features_are_those_of_x86(architecture: str, asked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels.platform, "machine", lambda: architecture)
    monkeypatch.setattr(machine, "processor", {"flags": "fpu avx2"}.__getitem__)
    assert kernels._features.__wrapped__() == (frozenset({"fpu", "avx2"}) if asked else frozenset())


def test_what_linux_tells_of_the_first_processor(tmp_path: Path) -> None:
    told = tmp_path / "cpuinfo"
    told.write_text(CPUINFO)
    assert [machine.processor(name, told) for name in ("model name", "flags", "model")] == ["One", "fpu avx2", ""]


def test_another_system_tells_nothing(tmp_path: Path) -> None:
    assert machine.processor("flags", tmp_path / "none") == ""
    (tmp_path / "empty").touch()
    assert machine.processor("flags", tmp_path / "empty") == ""
