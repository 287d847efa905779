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


def test_the_workers_of_a_run_share_a_folder_that_goes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAMES[0], raising=False)
    before = dict(os.environ)
    with caches.shared():
        folder = Path(os.environ[NAMES[0]])
        assert folder.is_dir()
    assert not folder.exists()
    assert dict(os.environ) == before


def test_a_folder_of_the_users_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAMES[0], str(tmp_path))
    with caches.shared():
        assert os.environ[NAMES[0]] == str(tmp_path)
    assert os.environ[NAMES[0]] == str(tmp_path)
