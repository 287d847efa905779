"""PyTorch: modules of ``torch.nn``, functions of ``torch.nn.functional`` and ``torch``; eager, compiled, under vmap.

A case becomes tensors of the dtypes that its arrays have, one layer, one call and, where it asks for derivatives, one
call of ``torch.autograd.grad``, of ``torch.autograd.forward_ad`` or of ``torch.func``; nothing is computed here. Axes
are not moved: what torch cannot be asked for directly is :class:`Unsupported`.

Source of names and conventions: https://pytorch.org/docs/stable/nn.html and nn.functional.html
(momentum weighs the new statistic; the running variance is the unbiased one).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from adapters import _torch_compile, _torch_vmap
from adapters._torch_functions import FUNCTIONS
from adapters._torch_modules import loaded
from adapters._torch_stack import stack
from adapters._torch_steps import BatchNormModule
from adapters._torch_tensors import STATISTICS, Tensors, called, seed, to_numpy, to_torch
from adapters.base import (
    BRIEF_DROPOUT,
    KIN,
    MIXED,
    NORMALIZATION,
    OPERATIONS,
    SIXTEEN_BITS,
    Adapter,
    BatchNormSteps,
    Case,
    Dialect,
    Dropout,
    DropoutCount,
    DropoutKin,
    Outcome,
    Stack,
    Subject,
    Unsupported,
    eager_dropout,
    first_order,
    tensor_dtype,
)
from adapters.steps import walk

_DIALECT = Dialect(
    momentum="new",
    running_var_divisor="n-1",
    rate_one="zeros",
    dropped_special="nan",
    channel_axes=(1,),
    # Inductor has random numbers of its own unless it is told otherwise (torch._inductor.config.fallback_random), and
    # under vmap one draw serves all lanes.
    own_masks=("compile", "vmap"),
)
_PLAIN = frozenset("dropout relu prelu celu selu sigmoid tanh softmax log_softmax".split())
_EVERY = ("float32", "float64", *SIXTEEN_BITS, *MIXED)
#: api, mode -> dtypes. What is not asked in all of them shares its arithmetic with what is (``torch``), or costs a
#: compilation (``compile``) or several calls for each case.
_DTYPES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("nn", "eager"): _EVERY,
    ("nn", "compile"): ("float32",),
    ("nn.functional", "eager"): _EVERY,
    ("nn.functional", "vmap"): ("float32",),
    ("torch", "eager"): ("float32", "float64"),
    ("torch.native", "eager"): ("float32", "float64"),
}


#: Where dropout alone is asked, which might draw in the dtype of x; compiled in brief.
_DROPPED: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("nn", "compile"): ("float64", *SIXTEEN_BITS),
    ("nn.functional", "vmap"): ("float64", *SIXTEEN_BITS),
    ("torch", "eager"): SIXTEEN_BITS,
    ("torch.native", "eager"): SIXTEEN_BITS,
}


class Torch(Adapter):
    """Subjects ``backend=torch``; PyTorch 2.0 and later, compiled with 2.13 and later."""

    name = "torch"
    modules = ("torch",)
    distributions = ("torch",)
    install = "python -m pip install torch"
    apis = MappingProxyType(
        {
            "nn": OPERATIONS | {"alpha_dropout"},
            "nn.functional": OPERATIONS - {"stack"} | {"alpha_dropout", "attention_dropout"},
            "torch": NORMALIZATION | _PLAIN,
            "torch.native": NORMALIZATION | {"dropout"},
        }
    )
    modes = ("eager", "compile", "vmap")
    compiles = MappingProxyType({"compile": "graph"})
    devices = ("cpu", "cuda")
    dtypes = _EVERY
    dialects = MappingProxyType(dict.fromkeys(apis, _DIALECT))

    def modes_of(self, api: str) -> tuple[str, ...]:
        return tuple(mode for one, mode in _DTYPES if one == api)

    def offers(self, subject: Subject) -> frozenset[str]:
        """Everything; in a dtype that an api and mode is not asked all else in, dropout."""
        if subject.dtype not in _DTYPES[subject.api, subject.mode]:
            return frozenset({BRIEF_DROPOUT if subject.mode == "compile" else "dropout"})
        return super().offers(subject) - (KIN if subject.mode == "vmap" else frozenset())

    def subjects(self, device: str = "cpu") -> Iterator[Subject]:
        for each in super().subjects(device):
            if each.dtype in (*_DTYPES[each.api, each.mode], *_DROPPED.get((each.api, each.mode), ())):
                yield each

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
        if (subject.api, subject.mode) not in _DTYPES or subject.device not in self.devices:
            raise Unsupported(f"the torch adapter does not offer {subject}")
        if isinstance(case, BatchNormSteps):
            if subject.api != "nn":
                raise Unsupported("a layer that keeps its state is asked of torch.nn")
            return walk(case, BatchNormModule(case.layer, subject))
        if isinstance(case, Stack):
            return stack(subject, case)
        eager_dropout(case, subject.mode)
        if subject.api != "nn" and getattr(case, "layer", 1) > 1:
            raise Unsupported("a function of torch is no layer, of which a model has several")
        if isinstance(case, DropoutCount):
            return _count(subject, case)
        tensors = {name: to_torch(array, subject.device) for name, array in case.arrays()}
        dtype = str(tensors["x"].dtype).removeprefix("torch.")
        if dtype != tensor_dtype(subject.dtype) and not case.foreign:
            raise ValueError(f"the case's x is {dtype}, which is not a question to {subject}")
        cotangents: Tensors = {name: tensors.pop(name) for name in ("dy", "ddx") if name in tensors}
        tangents = {name: to_torch(array, subject.device) for name, array in case.tangents.items()}
        if subject.mode == "vmap":
            arrays, state = _torch_vmap.answer(FUNCTIONS[subject.api], case, tensors, cotangents, tangents)
        else:
            call = _modular(subject, case, tensors) if subject.api == "nn" else _functional(subject, case)
            arrays, state = _differentiated(call, tensors, cotangents, tangents), tensors
        return Outcome(*({name: to_numpy(tensor) for name, tensor in each.items()} for each in (arrays, state)))


#: Some of a case's tensors replaced -> the layer's output.
Call = Callable[[Tensors], Any]


def _functional(subject: Subject, case: Case) -> Call:
    return lambda tensors: FUNCTIONS[subject.api](case, tensors)


def _modular(subject: Subject, case: Case, tensors: Tensors) -> Call:
    """The module's call; ``tensors`` then holds the module's parameters and statistics."""
    import torch

    layer, stored = loaded(case, tensors)
    forward: Callable[[Any], Any] = layer
    if subject.mode == "compile":
        first_order(case)  # the gradient of a compiled graph has none of its own, and no tangent enters from outside
        _torch_compile.refuse_cumulative(case)
        tensors["x"].requires_grad_()  # the graph is then the one that answers for the gradients too
        forward = functools.partial(_torch_compile.answered, case, subject.dtype, layer)

    def call(given: Tensors) -> Any:
        if isinstance(case, Dropout | DropoutKin):
            seed(case.seed, given["x"].device)
        own = {theirs: given[ours] for ours, theirs in stored.items() if given[ours] is not tensors[ours]}
        if own:
            return torch.func.functional_call(layer, own, (given["x"],))
        for earlier in _earlier(case, given):
            earlier(given["x"])
        return called(case, forward, given["x"])

    return call


def _count(subject: Subject, case: DropoutCount) -> Outcome:
    import torch

    x = to_torch(case.x, subject.device).expand(case.shape).clone()
    if subject.api == "nn":
        outputs = _model(subject, case, x)
    else:
        function = FUNCTIONS[subject.api]
        if subject.mode == "vmap":
            function, x = _torch_vmap.over_lanes(function), x.reshape(case.halves)
        outputs = (function(layer, {"x": x}) for layer in case.layers)
    with torch.no_grad():
        return Outcome({"kept": to_numpy(torch.stack([torch.count_nonzero(y) for y in outputs]))})


def _model(subject: Subject, case: DropoutCount, x: Any) -> Iterable[Any]:
    """What the dropouts of a module answer, which draw in turn."""
    import torch

    made = torch.nn.ModuleList(loaded(layer, {"x": x})[0] for layer in case.layers)
    seed(case.seed, x.device)
    if subject.mode == "compile":
        found: Iterable[Any] = _torch_compile.beside(("beside", case.rates, subject.dtype))(made, x)
        return found
    return (layer(x) for layer in made)


def _earlier(case: Case, given: Tensors) -> Iterator[Any]:
    """The dropout layers that a model has before the one that answers."""
    for _ in range(getattr(case, "layer", 1) - 1):
        yield loaded(case, dict(given))[0]


def _differentiated(call: Call, tensors: Tensors, cotangents: Tensors, tangents: Tensors) -> Tensors:
    """Output and derivatives; a parameter that a module does not call its own any more has no gradient."""
    import torch
    from torch.autograd import forward_ad

    if tangents:
        with forward_ad.dual_level():
            duals = {name: forward_ad.make_dual(tensors[name].detach(), along) for name, along in tangents.items()}
            y, moved = forward_ad.unpack_dual(call({**tensors, **duals}))
            return {"y": y, "ty": torch.zeros_like(y) if moved is None else moved}
    if not cotangents:
        return {"y": call(tensors)}
    leaves = {name: each.requires_grad_() for name, each in tensors.items() if name not in STATISTICS}
    y = call(tensors)
    twice = "ddx" in cotangents
    dy = cotangents["dy"].requires_grad_(twice)
    gradients = torch.autograd.grad(y, list(leaves.values()), dy, create_graph=twice)
    found = {"y": y, **{f"d{name}": each for name, each in zip(leaves, gradients, strict=True)}}
    if twice:
        asked = tensors["x"], dy
        second = torch.autograd.grad(gradients[0], asked, cotangents["ddx"], allow_unused=True, materialize_grads=True)
        found |= dict(zip(("dxx", "dxy"), second, strict=True))
    return found


ADAPTER = Torch()
