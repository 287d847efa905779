"""A case as the middle one of three lanes of ``torch.func.vmap``, its derivatives by the transforms of ``torch.func``.

The lanes beside it hold ones and NaN: what leaks from one lane into another shows. Parameters are shared by the lanes;
running statistics that training updates in place are not, which is what the documentation asks for. Each lane has a
mask of its own (``randomness="different"``), unless the case says otherwise.

Source: https://docs.pytorch.org/docs/stable/generated/torch.func.vmap.html and func.ux_limitations.html
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from adapters._torch_tensors import STATISTICS, Tensors
from adapters.base import Case, Dropout, Unsupported

if TYPE_CHECKING:
    import torch

#: What fills the lanes beside the case's.
BESIDE = (1.0, math.nan)
LANE = 1

Call = Callable[[Case, Tensors], Any]


def answer(
    call: Call, case: Case, tensors: Tensors, cotangents: Tensors, tangents: Tensors
) -> tuple[Mapping[str, torch.Tensor], Mapping[str, torch.Tensor]]:
    """The lane's answers, and the state that it leaves."""
    import torch

    if getattr(case, "recomputed", False):
        raise Unsupported("torch.func takes no saved tensor hooks, of which checkpoints are made")
    given = {**tensors, **{f"cotangent {name}": value for name, value in cotangents.items()}}
    batched = {"x", *(name for name in given if name.startswith("cotangent"))}
    if getattr(case, "training", False):
        batched |= STATISTICS & given.keys()
    own_lanes, randomness = getattr(case, "lanes", False), "different"
    if isinstance(case, Dropout) and own_lanes:  # the case's first axis is theirs: nothing stands beside them
        randomness = "error" if case.unsaid else "same" if 0 in case.shared else "different"
        case = dataclasses.replace(case, shared=case.shared_in_lane)
    stacked = {name: _lanes(value) if name in batched and not own_lanes else value for name, value in given.items()}

    def lane(inputs: Tensors) -> tuple[Tensors, Tensors]:
        own = {name.removeprefix("cotangent "): value for name, value in inputs.items() if name not in tensors}
        return _lane(call, case, {name: inputs[name] for name in tensors}, own, tangents)

    dims = {name: 0 if name in batched else None for name in stacked}
    found, after = torch.func.vmap(lane, in_dims=(dims,), randomness=randomness)(stacked)
    if own_lanes:
        return found, tensors
    state = {name: value[LANE] for name, value in after.items()}
    state |= {name: value for name, value in tensors.items() if name not in state}
    state["x"] = stacked["x"][LANE]
    return {name: value[LANE] for name, value in found.items()}, state


def over_lanes(call: Call) -> Call:
    """The call for each lane of an x whose first axis is theirs."""
    import torch

    def lanes(case: Case, tensors: Tensors) -> Any:
        return torch.func.vmap(lambda x: call(case, {"x": x}), randomness="different")(tensors["x"])

    return lanes


def _lanes(value: torch.Tensor) -> torch.Tensor:
    import torch

    first, last = (torch.full_like(value, number) for number in BESIDE)
    return torch.stack([first, value, last])


def _lane(call: Call, case: Case, tensors: Tensors, cotangents: Tensors, tangents: Tensors) -> tuple[Tensors, Tensors]:
    """One lane: the answers that the case asks for, and the running statistics after it."""
    from torch import func

    statistics = {name: value for name, value in tensors.items() if name in STATISTICS}
    leaves = {name: value for name, value in tensors.items() if name not in STATISTICS}

    def forward(leaves: Tensors) -> Any:
        return call(case, {**tensors, **leaves})

    found: Tensors = {}
    if tangents:
        along = {name: value for name, value in leaves.items() if name in tangents}
        found["y"], found["ty"] = func.jvp(forward, (along,), ({name: tangents[name] for name in along},))
        return found, statistics
    if "dy" not in cotangents:
        return {"y": forward(leaves)}, statistics

    def backward(x: Any, dy: Any) -> tuple[Any, Tensors]:
        y, back = func.vjp(forward, {**leaves, "x": x})
        gradients = back(dy)[0]
        return gradients["x"], {"y": y, **{f"d{name}": gradient for name, gradient in gradients.items()}}

    if "ddx" not in cotangents:
        return backward(leaves["x"], cotangents["dy"])[1], statistics
    _, again, found = func.vjp(backward, leaves["x"], cotangents["dy"], has_aux=True)
    found["dxx"], found["dxy"] = again(cotangents["ddx"])
    return found, statistics
