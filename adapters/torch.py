"""PyTorch: the modules of ``torch.nn`` and the functions of ``torch.nn.functional``, eager.

A case becomes tensors of the dtypes that its arrays have, one layer, one call and, where ``dy`` is given, one
``torch.autograd.grad``; nothing is computed here. Parameters and statistics reach a module through
``load_state_dict``, which refuses a wrong size. Axes are not moved: what torch cannot be asked for directly is
:class:`Unsupported`.

Source of names and conventions: https://pytorch.org/docs/stable/nn.html and nn.functional.html
(momentum weighs the new statistic; the running variance is the unbiased one).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from adapters._torch_activations import function, module
from adapters.base import (
    OPERATIONS,
    SIXTEEN_BITS,
    Activation,
    Adapter,
    Array,
    BatchNorm,
    BatchNormSteps,
    Case,
    Dense,
    Dialect,
    Dropout,
    LayerNorm,
    Outcome,
    Subject,
    Unsupported,
    first_order,
    tensor_dtype,
)
from adapters.steps import Stateful, walk

if TYPE_CHECKING:
    import torch

_DIALECT = Dialect(
    momentum="new", running_var_divisor="n-1", rate_one="zeros", dropped_special="nan", channel_axes=(1,)
)


class Torch(Adapter):
    """Subjects ``backend=torch api=nn`` and ``api=nn.functional``; PyTorch 2.0 and later."""

    name = "torch"
    modules = ("torch",)
    distributions = ("torch",)
    install = "python -m pip install torch"
    apis = MappingProxyType({"nn": OPERATIONS, "nn.functional": OPERATIONS})
    modes = ("eager",)
    devices = ("cpu", "cuda")
    dtypes = ("float32", "float64", *SIXTEEN_BITS)
    dialects = MappingProxyType({"nn": _DIALECT, "nn.functional": _DIALECT})

    def prepare(self, device: str) -> None:
        """One thread (many are slower on small tensors), no TF32, deterministic algorithms where cuDNN has a choice."""
        import torch

        if device not in self.devices:
            raise Unsupported(f"the torch adapter knows the devices {' and '.join(self.devices)}, not {device}")
        if device == "cuda" and not torch.cuda.is_available():
            raise Unsupported(f"torch {torch.__version__} finds no CUDA device here")
        torch.set_num_threads(1)
        torch.set_float32_matmul_precision("highest")
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True

    def ask(self, subject: Subject, case: Case) -> Outcome:
        import torch

        answer = _ANSWERS.get(subject.api)
        if answer is None or subject.mode not in self.modes or subject.device not in self.devices:
            raise Unsupported(f"the torch adapter does not offer {subject}")
        first_order(case)
        if isinstance(case, BatchNormSteps):
            if subject.api != "nn" or subject.mode != "eager":
                raise Unsupported("a layer that keeps its state is asked of torch.nn, eagerly")
            return walk(case, _Stateful(case.layer, subject.device))
        tensors = {name: _tensor(array, subject.device) for name, array in case.arrays()}
        if (dtype := str(tensors["x"].dtype).removeprefix("torch.")) != tensor_dtype(subject.dtype):
            raise ValueError(f"the case's x is {dtype}, which is not a question to {subject}")
        cotangent = tensors.pop("dy", None)
        y = answer(case, tensors, cotangent is not None)
        arrays = {"y": _array(y)}
        if cotangent is not None:
            leaves = {name: tensor for name, tensor in tensors.items() if tensor.requires_grad}
            gradients = torch.autograd.grad(y, list(leaves.values()), cotangent)
            arrays.update((f"d{name}", _array(gradient)) for name, gradient in zip(leaves, gradients, strict=True))
        return Outcome(arrays, {name: _array(tensor) for name, tensor in tensors.items()})


def _tensor(array: Array, device: str) -> torch.Tensor:
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


def _array(tensor: torch.Tensor) -> Array:
    """A copy of the tensor's values in the NumPy dtype of the same name."""
    import torch

    host = tensor.detach().cpu()
    if host.dtype is torch.bfloat16:
        import ml_dtypes

        return np.array(host.view(torch.int16).numpy().view(ml_dtypes.bfloat16), order="C")
    return np.array(host.numpy(), order="C")


Tensors = dict[str, Any]

# ------------------------------------------------------------------ nn.functional


def _functional(case: Case, tensors: Tensors, differentiate: bool) -> torch.Tensor:
    """The case as one call of ``torch.nn.functional`` (two for an activated dense layer)."""
    from torch.nn import functional

    if differentiate:
        for name, tensor in tensors.items():
            tensor.requires_grad_(name not in _STATISTICS)
    x, get = tensors["x"], tensors.get
    match case:
        case BatchNorm():
            _refuse_channels_last(case)
            if case.momentum is None:
                raise Unsupported("torch.nn.functional.batch_norm has no cumulative averaging (momentum=None)")
            statistics = get("running_mean"), get("running_var")
            return functional.batch_norm(
                x, *statistics, get("gamma"), get("beta"), case.training, case.momentum, case.eps
            )
        case LayerNorm():
            return functional.layer_norm(x, _normalized_shape(case), get("gain"), get("bias"), case.eps)
        case Dropout():
            _seed(case.seed, x.device)
            drop = getattr(functional, f"dropout{_features(case)}")
            return _called(case, lambda: drop(x, case.rate, case.training))
        case Dense():
            y = functional.linear(x, tensors["weight"], get("bias"))
            return y if case.activation is None else function(case.activation, {}, y)
        case Activation(name="prelu"):
            return functional.prelu(x, _slope(case, tensors))
        case Activation():
            return function(case.name, case.parameters, x)
    raise Unsupported(f"the torch adapter does not know the question {type(case).__name__}")


# ------------------------------------------------------------------ nn


def _modular(case: Case, tensors: Tensors, differentiate: bool) -> torch.Tensor:
    """The case as one module of ``torch.nn``, built, loaded and called; ``tensors`` then holds the module's own."""
    x = tensors["x"].requires_grad_(differentiate)
    stored = {ours: theirs for ours, theirs in _STORED.get(type(case), {}).items() if ours in tensors}
    dtypes = {tensors[ours].dtype for ours in stored}
    if len(dtypes) > 1:
        raise Unsupported("a module of torch.nn is made with one dtype for its parameters and statistics")
    layer = _build(case, tensors, {"device": x.device, "dtype": dtypes.pop() if dtypes else x.dtype})
    if stored:
        layer.load_state_dict({theirs: tensors[ours] for ours, theirs in stored.items()})
        tensors.update((ours, getattr(layer, theirs)) for ours, theirs in stored.items())
    layer.train(getattr(case, "training", True))
    if isinstance(case, Dropout):
        _seed(case.seed, x.device)
    y: torch.Tensor = _called(case, lambda: layer(x))
    if isinstance(case, Dense) and case.activation is not None:
        y = module(case.activation, {})(y)
    return y


class _Stateful(Stateful):
    """A module of batch normalization that is called again and again."""

    def __init__(self, case: BatchNorm, device: str) -> None:
        self._case, self._device = case, device
        tensors = {name: _tensor(array, device) for name, array in case.arrays()}
        self._module = _build(case, tensors, {"device": device, "dtype": tensors["running_mean"].dtype})
        stored = {theirs: tensors[ours] for ours, theirs in _STORED[BatchNorm].items() if ours in tensors}
        self._module.load_state_dict(stored)

    def call(self, x: Array, training: bool) -> Array:
        return _array(self._module.train(training)(_tensor(x, self._device)))

    def statistics(self) -> tuple[Array, Array]:
        return _array(self._module.running_mean), _array(self._module.running_var)

    def save(self) -> Any:
        return {name: tensor.clone() for name, tensor in self._module.state_dict().items()}

    def load(self, saved: Any) -> None:
        self._module.load_state_dict(saved)

    def new(self) -> Stateful:
        return _Stateful(self._case, self._device)

    def reset(self) -> None:
        self._module.reset_running_stats()


def _build(case: Case, tensors: Tensors, factory: dict[str, Any]) -> torch.nn.Module:
    from torch import nn

    match case:
        case BatchNorm():
            _refuse_channels_last(case)
            if ("running_mean" in tensors) != ("running_var" in tensors):
                raise Unsupported("torch.nn tracks running_mean and running_var together or not at all")
            kind = _BATCH_NORMS.get(case.x.ndim, "BatchNorm1d" if case.x.ndim < 2 else "BatchNorm3d")
            channels = case.x.shape[1] if case.x.ndim > 1 else 1
            factory.update(_affine("gamma", "beta", "affine", tensors), track_running_stats="running_mean" in tensors)
            return _construct(getattr(nn, kind), channels, case.eps, case.momentum, **factory)
        case LayerNorm():
            factory.update(_affine("gain", "bias", "elementwise_affine", tensors))
            return _construct(nn.LayerNorm, _normalized_shape(case), case.eps, **factory)
        case Dropout():
            dropout: nn.Module = getattr(nn, f"Dropout{_features(case)}")(case.rate)
            return dropout
        case Dense():
            return nn.Linear(case.weight.shape[1], case.weight.shape[0], case.bias is not None, **factory)
        case Activation(name="prelu"):
            return nn.PReLU(_slope(case, tensors).numel(), **factory)
        case Activation():
            return module(case.name, case.parameters)
    raise Unsupported(f"the torch adapter does not know the question {type(case).__name__}")


def _construct(make: Callable[..., torch.nn.Module], *arguments: Any, **options: Any) -> torch.nn.Module:
    try:
        return make(*arguments, **options)
    except TypeError as error:
        if "'bias'" not in str(error):
            raise
        raise Unsupported(f"this version's torch.nn.{make.__name__} cannot leave out the bias alone") from error


def _affine(scale: str, shift: str, switch: str, tensors: Tensors) -> dict[str, bool]:
    """Constructor arguments; ``bias`` only where it is needed, because older versions do not take it."""
    if shift in tensors and scale not in tensors:
        raise Unsupported(f"a normalization of torch.nn has no {shift} without {scale}")
    partial = scale in tensors and shift not in tensors
    return {switch: scale in tensors, **({"bias": False} if partial else {})}


# ------------------------------------------------------------------ shared

_STATISTICS = frozenset({"running_mean", "running_var"})
_BATCH_NORMS = {2: "BatchNorm1d", 3: "BatchNorm1d", 4: "BatchNorm2d", 5: "BatchNorm3d"}
#: the case's name of a tensor -> the module's
_STORED: Mapping[type[Case], Mapping[str, str]] = {
    BatchNorm: {"gamma": "weight", "beta": "bias", "running_mean": "running_mean", "running_var": "running_var"},
    LayerNorm: {"gain": "weight", "bias": "bias"},
    Dense: {"weight": "weight", "bias": "bias"},
    Activation: {"alpha": "weight"},
}
_ANSWERS: Mapping[str, Callable[[Case, Tensors, bool], Any]] = {"nn": _modular, "nn.functional": _functional}


def _seed(seed: int, device: torch.device) -> None:
    """``torch.manual_seed``, for the one device that is asked: the whole of it costs more than the answer."""
    import torch

    (torch.default_generator if device.type == "cpu" else torch).manual_seed(seed)


def _called(case: Case, call: Callable[[], torch.Tensor]) -> torch.Tensor:
    """The answer of the call that the case asks for, after those before it."""
    for _ in range(getattr(case, "call", 1) - 1):
        call()
    return call()


def _features(case: Dropout) -> str:
    """The end of the name of the dropout that drops what the case asks for: elements, or channels of 1 to 3 axes."""
    space = tuple(range(2, case.x.ndim))
    if not case.features and case.noise_shape is None and not case.shared:
        return ""
    if case.features and case.shared == space and len(space) in (1, 2, 3):
        return f"{len(space)}d"
    raise Unsupported("torch drops elements, or channels on axis 1 that have one to three axes of space")


def _refuse_channels_last(case: BatchNorm) -> None:
    # A movedim here would be our own handling of the layout; at rank 2 the first axis of channels is also the last.
    if case.channel_axis != 1 and (case.x.ndim, case.channel_axis) != (2, -1):
        raise Unsupported(f"torch's batch norm has its channels on axis 1, not on axis {case.channel_axis}")


def _normalized_shape(case: LayerNorm) -> list[int]:
    # A rank beyond that of x is asked for as it is, so that torch can say what it thinks of it.
    beyond = max(0, case.normalized_rank - case.x.ndim)
    return [1] * beyond + list(case.x.shape[max(0, case.x.ndim - case.normalized_rank) :])


def _slope(case: Activation, tensors: Tensors) -> torch.Tensor:
    if "alpha" not in tensors:
        raise ValueError("a case of prelu needs its slope: alpha, of shape [1] or [x.shape[1]]")
    slope: torch.Tensor = tensors["alpha"]
    return slope


ADAPTER = Torch()
