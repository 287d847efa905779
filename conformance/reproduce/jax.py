"""A case as lines of ``jax.nn`` or Flax, as the adapter asks it: the last of them makes ``got``."""

from __future__ import annotations

import math

from adapters._jax_activations import SPELLINGS
from adapters.base import Activation, BatchNorm, Case, Dense, LayerNorm, Subject, Unsupported
from conformance.reproduce.reduced import Language, keywords, literal, plain

#: The case's name of a parameter -> Flax's.
_NAMES = {
    BatchNorm: {"gamma": "scale", "beta": "bias"},
    LayerNorm: {"gain": "scale", "bias": "bias"},
    Dense: {"weight": "kernel", "bias": "bias"},
    Activation: {"alpha": "negative_slope"},
}
LANGUAGE = Language(number="float(got{})", dtype="str(got.dtype)", array="np.asarray(got, np.float64)")
_STATISTICS = {"running_mean": "mean", "running_var": "var"}


def imports(subject: Subject) -> tuple[str, ...]:
    flax = {"flax.nnx": ("from flax import nnx",), "flax.linen": ("from flax import linen",)}.get(subject.api, ())
    wide = ("", 'jax.config.update("jax_enable_x64", True)') if subject.dtype == "float64" else ()
    return ("import jax", "import jax.numpy as jnp", *flax, *wide)


def lines(subject: Subject, case: Case, output: str) -> list[str]:
    """Raises Unsupported for what is not written this way."""
    stored = {ours: theirs for ours, theirs in _NAMES.get(type(case), {}).items() if getattr(case, ours) is not None}
    made = []
    for name, value in case.arrays():
        if name not in stored and name not in _STATISTICS:
            made.append(f"{name} = {_array(literal(value), value.dtype.name)}")
    if case.tangents and set(case.tangents) != {"x"}:
        raise Unsupported("tangents of parameters")
    made += [f"tx = {_array(literal(value), value.dtype.name)}" for value in case.tangents.values()]
    parameters = [f"{theirs!r}: {_parameter(subject, case, ours)}" for ours, theirs in stored.items()]
    made.append(f"parameters = {{{', '.join(parameters)}}}")
    made += _call(subject, case)
    return [*made, *_asked(subject, case, output, stored)]


def _array(expression: str, dtype: str) -> str:
    return f"jnp.asarray({expression}, {dtype!r})"


def _parameter(subject: Subject, case: Case, name: str) -> str:
    value = getattr(case, name)
    if name == "weight":
        value = value.T
    elif name == "alpha":
        value = value.reshape(())
    elif isinstance(case, LayerNorm) and subject.api == "flax.nnx":
        value = value.reshape(-1)
    return _array(literal(value), value.dtype.name)


def _call(subject: Subject, case: Case) -> list[str]:
    """The definition of ``call(parameters, x)``, which returns y and the statistics."""
    if subject.api == "jax.nn" or (isinstance(case, Activation) and case.name != "prelu"):
        return ["", "def call(parameters, x):", f"    return {_function(subject, case)}, {{}}", ""]
    made, arguments = _layer(subject, case)
    statistics = "{}"
    lead = []
    if isinstance(case, BatchNorm):
        dtype = "float32" if subject.api == "flax.nnx" or case.x.dtype.name != "float64" else "float64"
        held = [f"{theirs!r}: {_array(literal(getattr(case, ours)), dtype)}" for ours, theirs in _STATISTICS.items()]
        lead, statistics = [f"statistics = {{{', '.join(held)}}}"], "statistics"
    if subject.api == "flax.nnx":
        after = "{'mean': layer.mean.get_value(), 'var': layer.var.get_value()}" if lead else "{}"
        joined = "{**parameters, **statistics}" if lead else "parameters"
        return [*lead, f"graph, _ = nnx.split(nnx.{made})", "", "def call(parameters, x):",
                f"    layer = nnx.merge(graph, {joined})", f"    y = layer(x{arguments})", f"    return y, {after}",
                ""]  # fmt: skip
    variables = f"{{'params': parameters, 'batch_stats': {statistics}}}"
    return [*lead, f"layer = linen.{made}", "", "def call(parameters, x):",
            f"    y, kept = layer.apply({variables}, x, mutable=['batch_stats']{arguments})",
            "    return y, kept.get('batch_stats', {})", ""]  # fmt: skip


def _function(subject: Subject, case: Case) -> str:
    library = {"jax.nn": "jax.nn", "flax.nnx": "nnx", "flax.linen": "linen"}[subject.api]
    match case:
        case Activation():
            written = SPELLINGS[case.name]
            call = f"{library}.{written.name}(x{keywords(written.arguments(case.parameters))})"
        case LayerNorm():
            call = f"jax.nn.standardize(x, axis={tuple(range(-case.normalized_rank, 0))}, epsilon={plain(case.eps)})"
        case _:
            raise Unsupported("a function that is not written")
    return call


def _layer(subject: Subject, case: Case) -> tuple[str, str]:
    """The constructor, and the arguments of the call after x."""
    nnx = subject.api == "flax.nnx"
    held = next(
        (value.dtype.name for name, value in case.arrays() if name in ("gamma", "gain", "weight", "alpha")), None
    )
    dtypes = {"dtype": case.x.dtype.name, "param_dtype": held or case.x.dtype.name}  # type: ignore[attr-defined]
    rngs = ", rngs=nnx.Rngs(0)" if nnx else ""
    match case:
        case BatchNorm():
            there = {"use_scale": case.gamma is not None, "use_bias": case.beta is not None}
            options = {"axis": case.channel_axis, "momentum": case.momentum, "epsilon": case.eps, **there, **dtypes}
            sizes = [case.x.shape[case.channel_axis]] if nnx else []
            return _constructed("BatchNorm", sizes, options, rngs), f", use_running_average={not case.training}"
        case LayerNorm():
            axes = f", reduction_axes={(span := tuple(range(-case.normalized_rank, 0)))}, feature_axes={span}"
            there = {"use_scale": case.gain is not None, "use_bias": case.bias is not None}
            sizes = [math.prod(case.x.shape[-case.normalized_rank :])] if nnx else []
            return _constructed("LayerNorm", sizes, {"epsilon": case.eps, **there, **dtypes}, axes + rngs), ""
        case Dense() if case.activation is None:
            neurons, inputs = case.weight.shape
            sizes = [inputs, neurons] if nnx else [neurons]
            options = {"use_bias": case.bias is not None, **dtypes}
            return _constructed("Linear" if nnx else "Dense", sizes, options, rngs), ""
        case Activation(name="prelu"):
            return _constructed("PReLU", [], {"param_dtype": dtypes["param_dtype"]}, ""), ""
    raise Unsupported("a layer that is not written")


def _constructed(name: str, sizes: list[int], options: dict[str, object], rest: str) -> str:
    inside = "".join(f", {size}" for size in sizes) + keywords(options) + rest
    return f"{name}({inside[2:]})"


def _asked(subject: Subject, case: Case, output: str, stored: dict[str, str]) -> list[str]:
    given = ["x"]
    match output:
        case "y" if getattr(case, "dy", None) is None:
            body = ["return call(parameters, x)[0]"]
        case "running_mean" | "running_var":
            body = [f"return call(parameters, x)[1][{_STATISTICS[output]!r}]"]
        case "ty":
            given, body = ["x", "tx"], ["return jax.jvp(lambda x: call(parameters, x)[0], (x,), (tx,))[1]"]
        case "dxx" | "dxy":
            back = "lambda x, dy: jax.vjp(lambda x: call(parameters, x)[0], x)[1](dy)[0]"
            given, body = ["x", "dy", "ddx"], [f"return jax.vjp({back}, x, dy)[1](ddx)[{int(output == 'dxy')}]"]
        case _:
            if getattr(case, "dy", None) is None:
                raise Unsupported(f"the answer {output}")
            place = {"y": "y", "dx": "pull(dy.astype(y.dtype))[1]"}.get(output)
            if place is None:
                place = f"pull(dy.astype(y.dtype))[0][{stored[output.removeprefix('d')]!r}]"
            given, body = ["x", "dy"], ["y, pull, _ = jax.vjp(call, parameters, x, has_aux=True)", f"return {place}"]
    arguments = ", ".join(given)
    made = [f"def ask({arguments}):", *(f"    {line}" for line in body), ""]
    turned = ["got = got.T"] if output == "dweight" else []
    if output in ("dalpha", "dgain", "dbias"):
        turned = [f"got = got.reshape({getattr(case, output[1:]).shape})"]  # stored without its shape
    if subject.mode == "vmap":
        beside = ["def lanes(each):", "    ramp = np.linspace(-1.5, 2.0, each.size).reshape(each.shape)",
                  "    return jnp.stack([jnp.asarray(ramp, each.dtype), each])", ""]  # fmt: skip
        lanes = ", ".join(f"lanes({name})" for name in given)
        return [*made, *beside, f"got = jax.jit(jax.vmap(ask))({lanes})[1]", *turned]
    call = "jax.jit(ask)" if subject.mode == "jit" else "ask"
    return [*made, f"got = {call}({arguments})", *turned]
