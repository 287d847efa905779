"""Where frameworks keep what they compiled, for a run or for the next: by the variables that each documents for it.

Sources: https://docs.jax.dev/en/latest/persistent_compilation_cache.html and
https://docs.pytorch.org/tutorials/recipes/torch_compile_caching_configuration_tutorial.html
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def shared() -> Iterator[None]:
    """A folder for as long as a run goes, in which its workers find what another one of them compiled already.

    Of JAX alone, which compiles most; PyTorch has such a folder of its own. Where there is no room for it each worker
    compiles for itself.
    """
    before = dict(os.environ)
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            made = tempfile.TemporaryDirectory(prefix="conformance-", ignore_cleanup_errors=True)
            _tell(_of_jax(Path(stack.enter_context(made))))
        try:
            yield
        finally:
            for name in _of_jax(Path()):
                os.environ.pop(name, None)
                if name in before:
                    os.environ[name] = before[name]


def use(folder: Path) -> None:
    """Name the folder to the frameworks of this process and of those that it starts; what the user set stays.

    Before a framework is imported. JAX keeps by itself only what took a second to compile, which nothing of ours does.
    """
    inductor = {"TORCHINDUCTOR_CACHE_DIR": str(folder.absolute() / "inductor")}
    _tell(_of_jax(folder / "jax") | inductor)


def _of_jax(folder: Path) -> dict[str, str]:
    return {
        "JAX_COMPILATION_CACHE_DIR": str(folder.absolute()),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def _tell(variables: dict[str, str]) -> None:
    for name, value in variables.items():
        os.environ.setdefault(name, value)
