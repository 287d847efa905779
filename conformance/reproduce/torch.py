"""A case as lines of PyTorch, as its adapter asks it: the last of them makes ``got``."""

from __future__ import annotations

from adapters._torch_activations import spelling
from adapters._torch_modules import STORED
from adapters.base import Activation, BatchNorm, Case, Dense, LayerNorm, Subject, Unsupported
from conformance.reproduce.reduced import Language, keywords, literal, plain

IMPORTS = ("import torch",)
_GRADIENTS = {"dx": "x", "dgamma": "gamma", "dbeta": "beta", "dgain": "gain", "dbias": "bias", "dweight": "weight",
              "dalpha": "alpha"}  # fmt: skip
LANGUAGE = Language(
    number="float(got.detach(){})",
    dtype='str(got.dtype).removeprefix("torch.")',
    array="got.detach().double().numpy()",
)
_STATISTICS = ("running_mean", "running_var")


def lines(subject: Subject, case: Case, output: str) -> list[str]:
    """Raises Unsupported for what is not written this way."""
    made = [f"{name} = {_tensor(literal(value), value.dtype.name)}" for name, value in case.arrays()]
    made += [f"t{name} = {_tensor(literal(value), value.dtype.name)}" for name, value in case.tangents.items()]
    call = _module(case, made) if subject.api == "nn" else _function(subject, case)
    if subject.mode == "compile":
        made += ["layer = torch.compile(layer, fullgraph=True, dynamic=True)", "x.requires_grad_()"]
    asked = _vmap if subject.mode == "vmap" else _asked
    return [*made, *asked(case, call, output, modular=subject.api == "nn")]


def _tensor(expression: str, dtype: str) -> str:
    return f"torch.tensor({expression})" + (".to(torch.bfloat16)" if dtype == "bfloat16" else "")


def _module(case: Case, made: list[str]) -> str:
    stored = {ours: theirs for ours, theirs in STORED.get(type(case), {}).items() if getattr(case, ours) is not None}
    dtypes = {getattr(case, ours).dtype.name for ours in stored} or {case.x.dtype.name}  # type: ignore[attr-defined]
    if len(dtypes) > 1:
        raise Unsupported("several dtypes")
    made.append(
        f"layer = torch.nn.{_constructed(case)}, dtype=torch.{dtypes.pop()})"
        if stored
        else f"layer = torch.nn.{_constructed(case)})"
    )
    if stored:
        made.append(f"layer.load_state_dict({{{', '.join(f'{v!r}: {k}' for k, v in stored.items())}}}, strict=False)")
        made += [f"{ours} = layer.{theirs}" for ours, theirs in stored.items()]
    if not getattr(case, "training", True):
        made.append("layer.eval()")
    if isinstance(case, Dense) and case.activation:
        return f"torch.{case.activation}(layer(x))"
    return "layer(x)"


def _constructed(case: Case) -> str:
    """A module's constructor, without the closing parenthesis."""
    match case:
        case BatchNorm():
            kind = {2: 1, 3: 1, 4: 2, 5: 3}[case.x.ndim]
            tracked = case.running_mean is not None
            options = {"eps": case.eps, "momentum": case.momentum, "track_running_stats": tracked}
            return f"BatchNorm{kind}d({case.x.shape[1]}{keywords(options | _affine(case.gamma, case.beta, 'affine'))}"
        case LayerNorm():
            shape = list(case.x.shape[-case.normalized_rank :])
            affine = _affine(case.gain, case.bias, "elementwise_affine")
            return f"LayerNorm({shape}{keywords({'eps': case.eps} | affine)}"
        case Dense():
            neurons, inputs = case.weight.shape
            return f"Linear({inputs}, {neurons}{keywords({'bias': case.bias is not None})}"
        case Activation(name="prelu", alpha=alpha) if alpha is not None:
            return f"PReLU({alpha.size}"
        case Activation():
            written = spelling(case.name)
            return f"{written.module}({keywords(written.arguments(case.name, case.parameters))[2:]}"
    raise Unsupported("a layer that is not written")


def _affine(scale: object, shift: object, switch: str) -> dict[str, bool]:
    return {switch: scale is not None, **({"bias": False} if scale is not None and shift is None else {})}


def _function(subject: Subject, case: Case) -> str:
    place = {"nn.functional": "torch.nn.functional", "torch": "torch", "torch.native": "torch.native"}[subject.api]
    names = dict(case.arrays())

    def given(*wanted: str) -> str:
        return ", ".join(name if name in names else "None" for name in wanted)

    match case:
        case BatchNorm():
            numbers = f"{case.training}, {plain(case.momentum)}, {plain(case.eps)}"
            if place == "torch.nn.functional":
                order = given("running_mean", "running_var", "gamma", "beta")
                return f"torch.nn.functional.batch_norm(x, {order}, {numbers})"
            order = given("gamma", "beta", "running_mean", "running_var")
            if place == "torch":
                return f"torch.batch_norm(x, {order}, {numbers}, False)"
            return f"torch.native_batch_norm(x, {order}, {numbers})[0]"
        case LayerNorm():
            shape = list(case.x.shape[-case.normalized_rank :])
            name = "torch.native_layer_norm" if place == "torch.native" else f"{place}.layer_norm"
            return f"{name}(x, {shape}, {given('gain', 'bias')}, {plain(case.eps)})" + "[0]" * (place == "torch.native")
        case Dense():
            call = f"torch.nn.functional.linear(x, {given('weight', 'bias')})"
            return f"torch.{case.activation}({call})" if case.activation else call
        case Activation(name="prelu"):
            return f"{place}.prelu(x, alpha)"
        case Activation():
            written = spelling(case.name)
            return f"{place}.{written.function}(x{keywords(written.arguments(case.name, case.parameters))})"
    raise Unsupported("a function that is not written")


def _asked(case: Case, call: str, output: str, *, modular: bool) -> list[str]:
    leaves = [name for name, _ in case.arrays() if name not in (*_STATISTICS, "dy", "ddx")]
    if output in _STATISTICS:
        return [call, f"got = {output}"]
    if output == "ty":
        if modular and set(case.tangents) != {"x"}:
            raise Unsupported("tangents of a module's parameters")
        duals = [f"    {name} = forward_ad.make_dual({name}, t{name})" for name in case.tangents]
        body = ["with forward_ad.dual_level():", *duals, f"    got = forward_ad.unpack_dual({call}).tangent"]
        return ["from torch.autograd import forward_ad", "", *body]
    if output == "y" and getattr(case, "dy", None) is None:
        return [f"got = {call}"]
    given = ", ".join(leaves) + ","
    made = [f"leaves = [each.requires_grad_() for each in ({given})]", f"y = {call}"]
    if output == "y":
        return [*made, "got = y"]
    if output in ("dxx", "dxy"):
        made = [*made, "dy.requires_grad_()", "dx = torch.autograd.grad(y, leaves, dy, create_graph=True)[0]"]
        place = 0 if output == "dxx" else 1
        return [*made, f"got = torch.autograd.grad(dx, (x, dy), ddx, materialize_grads=True)[{place}]"]
    if output not in _GRADIENTS or getattr(case, "dy", None) is None:
        raise Unsupported(f"the answer {output}")
    return [*made, f"got = torch.autograd.grad(y, leaves, dy)[{leaves.index(_GRADIENTS[output])}]"]


def _vmap(case: Case, call: str, output: str, *, modular: bool) -> list[str]:
    if isinstance(case, BatchNorm):
        raise Unsupported("statistics under vmap")
    beside = "torch.ones_like(each), each, torch.full_like(each, np.nan)"
    made = ["", "def lanes(each):", f"    return torch.stack([{beside}])", "", "def call(x):"]
    made += [f"    return {call}", ""]
    back = ["def back(x, dy):", "    return torch.func.vjp(call, x)[1](dy)[0]", ""]
    twice = ["def twice(x, dy, ddx):", "    return torch.func.vjp(back, x, dy)[1](ddx)", ""]
    match output:
        case "y":
            return [*made, "got = torch.func.vmap(call)(lanes(x))[1]"]
        case "ty" if set(case.tangents) == {"x"}:
            along = ["def along(x, tx):", "    return torch.func.jvp(call, (x,), (tx,))[1]", ""]
            return [*made, *along, "got = torch.func.vmap(along)(lanes(x), lanes(tx))[1]"]
        case "dx":
            return [*made, *back, "got = torch.func.vmap(back)(lanes(x), lanes(dy))[1]"]
        case "dxx" | "dxy":
            asked = f"torch.func.vmap(twice)(lanes(x), lanes(dy), lanes(ddx))[{int(output == 'dxy')}][1]"
            return [*made, *back, *twice, f"got = {asked}"]
    raise Unsupported(f"the answer {output}")
