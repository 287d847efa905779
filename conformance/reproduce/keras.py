"""A case as lines of Keras on any backend, or of ``tf.nn``, as their adapters ask it: the last makes ``got``."""

from __future__ import annotations

from adapters._keras_layers import STORED
from adapters._tensorflow_activations import KERAS, KERAS_OPS, TF_NN, spelling
from adapters._tensorflow_programs import sizes
from adapters.base import Activation, BatchNorm, Case, Dense, LayerNorm, Subject, Unsupported
from conformance.reproduce.reduced import Language, keywords, literal, plain

#: backend -> Keras's own name for what it runs on
RUNS_ON = {"tensorflow": "tensorflow", "keras-torch": "torch", "keras-jax": "jax"}
LANGUAGE = Language(
    number='float(keras.ops.convert_to_numpy(keras.ops.cast(got, "float64")){})',
    dtype="keras.backend.standardize_dtype(got.dtype)",
    array='keras.ops.convert_to_numpy(keras.ops.cast(got, "float64"))',
)
_STATISTICS = ("running_mean", "running_var")


def imports(subject: Subject) -> tuple[str, ...]:
    runs_on = RUNS_ON[subject.backend]
    chosen = f'os.environ["KERAS_BACKEND"] = "{runs_on}"'
    own = {"tensorflow": "import tensorflow as tf", "torch": "import torch", "jax": "import jax"}[runs_on]
    wide = ('jax.config.update("jax_enable_x64", True)',) if runs_on == "jax" and subject.dtype == "float64" else ()
    return ("import os", "", chosen, "", "import keras", own, *wide)


def lines(subject: Subject, case: Case, output: str) -> list[str]:
    """Raises Unsupported for what is not written this way."""
    made = []
    for name, value in case.arrays():
        written = value.T if isinstance(case, Dense) and name == "weight" else value
        dtype = f", dtype={value.dtype.name!r}"
        made.append(f"{name} = keras.ops.convert_to_tensor({literal(written)}{dtype})")
    for name, value in case.tangents.items():
        made.append(f"t{name} = keras.ops.convert_to_tensor({literal(value)}, dtype={value.dtype.name!r})")
    layered = subject.api == "keras" and not (isinstance(case, Activation) and case.name != "prelu")
    if layered:
        made += _layer(case)
        call = f"layer(x{f', training={case.training}' if isinstance(case, BatchNorm) else ''})"
    else:
        call = _function(subject, case)
    target = _target(case, output, layered=layered)
    asked = {"tensorflow": _tensorflow, "torch": _torch, "jax": _jax}[RUNS_ON[subject.backend]]
    return [*made, *asked(subject, case, call, output, target)]


def _layer(case: Case) -> list[str]:
    dtypes = {value.dtype.name for name, value in case.arrays() if name not in ("x", "dy", "ddx")}
    compute = case.x.dtype.name  # type: ignore[attr-defined]
    policy = compute if dtypes <= {compute} else f"mixed_{compute}"
    match case:
        case BatchNorm():
            if case.running_mean is None or case.momentum is None:
                raise Unsupported("no such layer")
            options = {"center": case.beta is not None, "scale": case.gamma is not None, "dtype": policy}
            numbers = f"{case.channel_axis}, {plain(case.momentum)}, {plain(case.eps)}"
            made = f"BatchNormalization({numbers}{keywords(options)})"
        case LayerNorm():
            options = {"center": case.bias is not None, "scale": case.gain is not None, "dtype": policy}
            made = f"LayerNormalization({list(range(-case.normalized_rank, 0))}, {plain(case.eps)}{keywords(options)})"
        case Dense():
            options = {"activation": case.activation, "use_bias": case.bias is not None, "dtype": policy}
            made = f"Dense({case.weight.shape[0]}{keywords(options)})"
        case Activation(alpha=alpha) if alpha is not None:
            per_channel = alpha.shape == case.x.shape[1:2]
            axes = list(range(2 if per_channel else 1, case.x.ndim))
            made = f"PReLU(shared_axes={axes}, dtype={policy!r})"
        case _:
            raise Unsupported("a layer that is not written")
    names = {ours: theirs for ours, theirs in STORED[type(case)].items() if getattr(case, ours) is not None}
    loads = [f"layer.{theirs}.assign({_shaped(ours, theirs)})" for ours, theirs in names.items()]
    return [f"layer = keras.layers.{made}", "layer.build(x.shape)", *loads]


def _shaped(ours: str, theirs: str) -> str:
    return f"keras.ops.reshape(alpha, layer.{theirs}.shape)" if ours == "alpha" else ours


def _function(subject: Subject, case: Case) -> str:
    ops = subject.api == "keras.ops"
    match case:
        case Activation():
            written = spelling({"keras": KERAS, "keras.ops": KERAS_OPS, "tf.nn": TF_NN}[subject.api], case.name)
            package = "tf" if subject.api == "tf.nn" else "keras"
            return f"{package}.{written.path}(x{keywords(written.arguments(case.parameters))})"
        case BatchNorm() if ops and case.training:
            axes = [axis for axis in range(case.x.ndim) if axis != case.channel_axis % case.x.ndim]
            beta, gamma = (
                "None" if value is None else name for name, value in (("beta", case.beta), ("gamma", case.gamma))
            )
            moments = f"*keras.ops.moments(x, {axes})"
            return (
                f"keras.ops.batch_normalization(x, {moments}, {case.channel_axis}, {beta}, {gamma}, {plain(case.eps)})"
            )
        case LayerNorm() if ops:
            gain, bias = (
                "None" if value is None else name for name, value in (("gain", case.gain), ("bias", case.bias))
            )
            axes = list(range(-case.normalized_rank, 0))
            return f"keras.ops.layer_normalization(x, {gain}, {bias}, axis={axes}, epsilon={plain(case.eps)})"
    raise Unsupported("a function that is not written")


def _target(case: Case, output: str, *, layered: bool) -> str:
    """What the answer is a gradient with respect to, or which variable it is."""
    if output in ("y", "ty", "dx", "dxx", "dxy"):
        return "x"
    ours = output.removeprefix("d")
    theirs = STORED.get(type(case), {}).get(ours)
    if not layered or theirs is None or getattr(case, ours) is None:
        raise Unsupported(f"the answer {output}")
    return f"layer.{theirs}"


def _formed(output: str) -> str:
    """A parameter's gradient in the form of ours: weights the other way round, slopes without the axes they share."""
    forms = {"dweight": "keras.ops.transpose(got)", "dalpha": "keras.ops.reshape(got, [-1])"}
    return forms.get(output, "got")


# ------------------------------------------------------------------ by what Keras runs on


def _tensorflow(subject: Subject, case: Case, call: str, output: str, target: str) -> list[str]:
    given = ["x", *(name for name in ("dy", "ddx") if getattr(case, name, None) is not None)]
    tape = ["with tf.GradientTape() as tape:", "    tape.watch(x)", f"    y = {call}"]
    if output in ("dxx", "dxy"):
        inner = [f"    {line}" for line in tape]
        body = ["with tf.GradientTape() as outer:", "    outer.watch([x, dy])", *inner,
                "    dx = tape.gradient(y, x, dy)",
                f"return outer.gradient(dx, {'x' if output == 'dxx' else 'dy'}, ddx, 'zero')"]  # fmt: skip
    elif output == "ty":
        if set(case.tangents) != {"x"}:
            raise Unsupported("tangents of parameters")
        given, body = ["x", "tx"], ["with tf.autodiff.ForwardAccumulator(x, tx) as forward:", f"    y = {call}",
                                    "return forward.jvp(y)"]  # fmt: skip
    elif output in _STATISTICS:
        body = [call, f"return {target}.value + 0"]
    elif output == "y":
        body = [f"return {call}"] if "dy" not in given else [*tape, "return y"]
    else:
        wanted = target if target == "x" else f"{target}.value"
        watched = [tape[0], f"    tape.watch({wanted})", tape[2]]
        body = [*watched, f"return tape.gradient(y, {wanted}, dy, 'zero')"]
    taken = ""
    if subject.mode != "eager" and "dy" in given and output not in _STATISTICS:
        # What nobody wants is left out of a graph, and the rest is rewritten otherwise than the adapter's.
        both = "y, tape.gradient(y, x, dy, 'zero')" if output == "y" else body[-1].replace("return ", "y, ")
        body, taken = [*body[:-1], f"return {both}"], "[0]" if output == "y" else "[1]"
    if subject.mode == "function":
        return [*_traced(subject, case, given, body, taken), *_result(output)]
    xla = ["@tf.function(jit_compile=True, autograph=False)"] if subject.mode == "xla" else []
    arguments = ", ".join(given)
    asked = [f"def ask({arguments}):", *(f"    {line}" for line in body), "", f"got = ask({arguments}){taken}"]
    return ["", *xla, *asked, *_result(output)]


def _result(output: str) -> list[str]:
    return [f"got = {formed}"] if (formed := _formed(output)) != "got" else []


def _traced(subject: Subject, case: Case, given: list[str], body: list[str], one: str) -> list[str]:
    """A trace that takes its tensors as the adapter's does: what they are called decides how TensorFlow rewrites the
    graph. It may know of them as much as the adapter's. ``one``: which of the results is meant.
    """
    x = case.x  # type: ignore[attr-defined]
    known = [list(sizes(subject, case, name.removeprefix("t"), getattr(case, name, x).shape)) for name in given]
    specs = ", ".join(
        f"'{name}': tf.TensorSpec({each}, {x.dtype.name!r})" for name, each in zip(given, known, strict=True)
    )
    entered = [f"    {name} = given['{name}']" for name in given]
    handed = ", ".join(f"'{name}': {name}" for name in given)
    decorated = ["", f"@tf.function(autograph=False, input_signature=[{{{specs}}}])", "def ask(given):"]
    return [*decorated, *entered, *(f"    {line}" for line in body), "", f"got = ask({{{handed}}}){one}"]


def _torch(subject: Subject, case: Case, call: str, output: str, target: str) -> list[str]:
    if output in _STATISTICS:
        return [call, f"got = {target}.value"]
    if output == "y":
        given = getattr(case, "dy", None) is not None
        return [*(["x.requires_grad_()"] if given else []), f"got = {call}"]
    if not output.startswith("d") or output in ("dxx", "dxy") or getattr(case, "dy", None) is None:
        raise Unsupported(f"the answer {output}")
    wanted = "x" if target == "x" else f"{target}.value"
    asked = f"got = torch.autograd.grad(y, {wanted}, dy, materialize_grads=True)[0]"
    return ["x.requires_grad_()", f"y = {call}", asked, f"got = {_formed(output)}"]


def _jax(subject: Subject, case: Case, call: str, output: str, target: str) -> list[str]:
    layered = call.startswith("layer(")
    if layered:
        options = call.removeprefix("layer(x").removesuffix(")")
        head = ["others = [each.value for each in layer.non_trainable_variables]", "", "def call(learnt, x):",
                f"    return layer.stateless_call(learnt, others, x{options})", ""]  # fmt: skip
    else:
        head = ["", "def call(learnt, x):", f"    return {call}, []", ""]
    head.append(f"learnt = {'[each.value for each in layer.trainable_variables]' if layered else '[]'}")
    if output in _STATISTICS:
        place = f"[each is {target} for each in layer.non_trainable_variables].index(True)"
        return [*head, f"got = call(learnt, x)[1][{place}]"]
    if getattr(case, "dy", None) is None and output == "y":
        return [*head, "got = call(learnt, x)[0]"]
    if output not in ("y", "dx") and target == "x":
        raise Unsupported(f"the answer {output}")
    head.append("y, pull, _ = jax.vjp(call, learnt, x, has_aux=True)")
    if output == "y":
        return [*head, "got = y"]
    if output == "dx":
        return [*head, "got = pull(dy)[1]"]
    place = f"[each is {target} for each in layer.trainable_variables].index(True)"
    return [*head, f"got = pull(dy)[0][{place}]", f"got = {_formed(output)}"]
