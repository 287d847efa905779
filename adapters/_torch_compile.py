"""``torch.compile`` of a module: one graph or an error, never a silent fall back to eager code.

``fullgraph=True`` makes a graph break an error, and a recompilation limit that is reached too; the limits are lifted,
because each configuration and each rank is a graph of its own. ``dynamic=True`` serves all lengths of a rank with one
graph (a size of 0 or 1, a layout, and a size of a parameter have others). The compiled functions are kept: one for each
layer, its configuration and dtype.

A graph and that of its gradient cost about two seconds of a processor, nearly all of it the C++ compiler in the
templates of vectors, with its headers precompiled. That is why the suite asks what is compiled in float32 alone (but
for the rates of dropout), of few ranks, layouts and settings (``Adapter.compiles``).

AOTAutograd's cache is off: with dynamic=True its key leaves out the numbers that a module has as attributes, and the
graph of Hardtanh answers for ReLU6 (https://github.com/pytorch/pytorch/issues/197889,
2.13). What was compiled before, in this process or an earlier one, would decide what a case's answer is. Inductor's own
cache stays: in its key the numbers are.

Source: https://docs.pytorch.org/docs/stable/generated/torch.compile.html
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Hashable
from typing import Any

from adapters.base import BatchNorm, Case, Stack, Unsupported

LIMIT = 100_000


@functools.cache
def compiled(key: Hashable) -> Callable[[Any, Any], Any]:
    """The compiled call of a module on x, kept for what has the same ``key``."""
    return _compiled(lambda layer, x: layer(x))


@functools.cache
def beside(key: Hashable) -> Callable[[Any, Any], Any]:
    """The compiled call of several modules, each on x, as one graph."""
    return _compiled(lambda layers, x: [layer(x) for layer in layers])


def _compiled(forward: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    import torch

    if "isolate_recompiles" not in inspect.signature(torch.compile).parameters:
        raise Unsupported(f"torch.compile of version {torch.__version__} falls back to eager code after 8 graphs")
    # The sum over everything that was ever compiled has a limit of its own, 256.
    torch._dynamo.config.accumulated_recompile_limit = LIMIT
    torch._functorch.config.enable_autograd_cache = False

    def call(layer: Any, x: Any) -> Any:
        if not torch.compiler.is_compiling():
            raise RuntimeError("torch.compile ran eagerly what it was given to compile")
        return forward(layer, x)

    made: Callable[[Any, Any], Any] = torch.compile(
        call, fullgraph=True, dynamic=True, recompile_limit=LIMIT, isolate_recompiles=True
    )
    return made


def answered(case: Case, dtype: str, layer: Any, x: Any) -> Any:
    """What the module that the case describes answers, compiled."""
    return compiled(key(case, dtype))(layer, x)


#: Fields of a case that are nothing of its layer, but of how that is called.
_BESIDE = frozenset(("seed", "call", "regime", "dy", "ddx", "recomputed", "foreign", "globally"))


def key(case: Case, dtype: str) -> Hashable:
    """What a graph is for: the layers, the numbers that they are made with, and the dtype. Sizes are dynamic."""
    if isinstance(case, Stack):
        return tuple(key(layer, dtype) for layer in case.layers)
    numbers = {
        name: value
        for name, value in vars(case).items()
        if isinstance(value, int | float | str | tuple | type(None)) and name not in _BESIDE
    }
    there = tuple(name for name, _ in case.arrays() if name != "dy")
    given = tuple(sorted(getattr(case, "parameters", {}).items()))
    return (type(case).__name__, dtype, case.x.ndim, repr(sorted(numbers.items())), there, given)  # type: ignore[attr-defined]


def refuse_cumulative(case: Case) -> None:
    """Its weight, 1 / float(num_batches_tracked), depends on data: that breaks a graph, as documented."""
    if isinstance(case, BatchNorm) and case.momentum is None and case.training:
        raise Unsupported("torch.compile makes no one graph of cumulative averaging (momentum=None)")
