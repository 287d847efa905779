"""NumPy arrays as torch tensors and back; the seed; what a case names and torch stores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from adapters.base import Activation, Array, BatchNorm, Case, Dense, Dropout, LayerNorm, Unsupported

if TYPE_CHECKING:
    import torch

#: The suite's name of a tensor -> the tensor.
Tensors = dict[str, Any]

STATISTICS = frozenset({"running_mean", "running_var"})


def to_torch(array: Array, device: str) -> torch.Tensor:
    """A tensor of the array's values, dtype and strides; it shares no memory with the array."""
    import torch

    owned = _copied(array)
    if owned.dtype.kind == "V" and owned.dtype.name == "bfloat16":
        return torch.from_numpy(owned.view(np.int16)).view(torch.bfloat16).to(device)
    return torch.from_numpy(owned).to(device)


def _copied(array: Array) -> Array:
    """A copy that lies in memory as the array does; torch has no negative strides."""
    if min(array.strides, default=0) < 0 or not array.size:
        return np.array(array, order="K")
    last = sum((size - 1) * stride for size, stride in zip(array.shape, array.strides, strict=True))
    memory = np.zeros(last // array.itemsize + 1, array.dtype)
    copy = np.ndarray(array.shape, array.dtype, memory, 0, array.strides)
    copy[...] = array
    return copy


def to_numpy(tensor: torch.Tensor) -> Array:
    """A copy of the tensor's values in the NumPy dtype of the same name."""
    import torch

    host = tensor.detach().cpu()
    if host.dtype is torch.bfloat16:
        import ml_dtypes

        return np.array(host.view(torch.int16).numpy().view(ml_dtypes.bfloat16), order="C")
    return np.array(host.numpy(), order="C")


def seed(number: int, device: torch.device) -> None:
    """``torch.manual_seed``, for the one device that is asked: the whole of it costs more than the answer."""
    import torch

    (torch.default_generator if device.type == "cpu" else torch).manual_seed(number)


def called(case: Case, call: Callable[[Any], torch.Tensor], x: Any) -> torch.Tensor:
    """The answer of the call on x that the case asks for, after those before it; checkpointed where it asks for that.

    What is seeded before is not seeded again when a checkpoint is recomputed: that is for PyTorch to do.
    """
    for _ in range(getattr(case, "call", 1) - 1):
        call(x)
    if not getattr(case, "recomputed", False):
        return call(x)
    from torch.utils.checkpoint import checkpoint

    found: torch.Tensor = checkpoint(call, x, use_reentrant=False)
    return found


def features(case: Dropout) -> str:
    """The end of the name of the dropout that drops what the case asks for: elements, or channels of 1 to 3 axes."""
    space = tuple(range(2, case.x.ndim))
    if not case.features and case.noise_shape is None and not case.shared:
        return ""
    if case.features and case.shared == space and len(space) in (1, 2, 3):
        return f"{len(space)}d"
    raise Unsupported("torch drops elements, or channels on axis 1 that have one to three axes of space")


def refuse_shared(case: Dropout, asked: str) -> None:
    if case.shared or case.noise_shape is not None:
        raise Unsupported(f"{asked} drops elements alone")


def refuse_channels_last(case: BatchNorm) -> None:
    # A movedim here would be our own handling of the layout; at rank 2 the first axis of channels is also the last.
    if case.channel_axis != 1 and (case.x.ndim, case.channel_axis) != (2, -1):
        raise Unsupported(f"torch's batch norm has its channels on axis 1, not on axis {case.channel_axis}")


def refuse_mixed_products(case: Case) -> None:
    if isinstance(case, Dense) and case.x.dtype != case.weight.dtype and not case.foreign:
        raise Unsupported("torch's linear takes x and weight of one dtype; autocast rounds the weight to that of x")


def normalized_shape(case: LayerNorm) -> list[int]:
    # A rank beyond that of x is asked for as it is, so that torch can say what it thinks of it.
    beyond = max(0, case.normalized_rank - case.x.ndim)
    return [1] * beyond + list(case.x.shape[max(0, case.x.ndim - case.normalized_rank) :])


def slope(case: Activation, tensors: Mapping[str, Any]) -> torch.Tensor:
    if "alpha" not in tensors:
        raise ValueError("a case of prelu needs its slope: alpha, of shape [1] or [x.shape[1]]")
    found: torch.Tensor = tensors["alpha"]
    return found
