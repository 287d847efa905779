"""Where frameworks keep what they compiled, for the next run: by the variables that each documents for it.

Sources: https://docs.jax.dev/en/latest/persistent_compilation_cache.html and
https://docs.pytorch.org/tutorials/recipes/torch_compile_caching_configuration_tutorial.html
"""

from __future__ import annotations

import os
from pathlib import Path


def use(folder: Path) -> None:
    """Name the folder to the frameworks of this process and of those that it starts; what the user set stays.

    Before a framework is imported. JAX keeps by itself only what took a second to compile, which nothing of ours does.
    """
    variables = {
        "JAX_COMPILATION_CACHE_DIR": str(folder.absolute() / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        "TORCHINDUCTOR_CACHE_DIR": str(folder.absolute() / "inductor"),
    }
    for name, value in variables.items():
        os.environ.setdefault(name, value)
