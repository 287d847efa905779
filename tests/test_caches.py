"""The folder in which frameworks keep what they compile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance import caches

NAMES = ("JAX_COMPILATION_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR")


def test_the_folder_is_named_and_what_the_user_set_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"TORCHINDUCTOR_CACHE_DIR": "the user's"})
    monkeypatch.chdir(tmp_path)
    caches.use(Path("kept"))
    assert [os.environ[name] for name in NAMES] == [str(tmp_path / "kept" / "jax"), "the user's"]
