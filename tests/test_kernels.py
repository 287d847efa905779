"""Which kernels are taken: as the release notes of TensorFlow say, by the processor, unless the user has said."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.deviations import kernels

CPUINFO = "processor\t: 0\nmodel name\t: One\nflags\t\t: fpu sse2 avx2 {}\n\nprocessor\t: 1\nflags\t\t: none\n"


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
    [({"avx512f"}, None, True), ({"avx2"}, None, False), (set(), None, None), ({"avx512f"}, "AVX2", None)],
)
def test_avx512(features: set[str], limit: str | None, told: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "_features", lambda: frozenset(features))
    for name in ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA"):
        monkeypatch.delenv(name, raising=False)
    if limit is not None:
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert kernels.taken("avx512") is told


@pytest.mark.parametrize(("machine", "more"), [("x86_64", {"avx512_vnni"}), ("aarch64", None)])
def test_what_linux_tells(machine: str, more: set[str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels.platform, "machine", lambda: machine)
    told = tmp_path / "cpuinfo"
    told.write_text(CPUINFO.format("avx512_vnni"))
    found = kernels._features.__wrapped__(told)
    assert found == (frozenset() if more is None else {"fpu", "sse2", "avx2", *more})


def test_another_system_tells_nothing(tmp_path: Path) -> None:
    assert kernels._features.__wrapped__(tmp_path / "none") == frozenset()
    (tmp_path / "empty").touch()
    assert kernels._features.__wrapped__(tmp_path / "empty") == frozenset()
