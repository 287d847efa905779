"""What the specification expects of a case, on numbers that carry the error that a sound implementation may make.

The one place where cases and the specification meet: it hands the case's arrays to ``reference`` as
:class:`~conformance.bounded.Bounded` inputs and names the results as the adapters do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from adapters import transport
from adapters.base import (
    ALONG_ROWS,
    SIXTEEN_BITS,
    Activation,
    BatchNorm,
    Case,
    Dense,
    Dialect,
    Dropout,
    DropoutKin,
    LayerNorm,
    Stack,
)
from conformance import regimes
from conformance.bounded import Arithmetic, Bounded, Comparison, format_of
from conformance.shelf import Shelf
from reference import batch_norm, dropout, dropout_kin, layer_norm, moments, neuron
from reference.activations import ACTIVATIONS
from reference.textbook import TEXTBOOK

Array = np.ndarray[Any, np.dtype[Any]]
Moments = Callable[..., Any]
#: Output name -> expectation.
Expected = Mapping[str, Any]


@dataclass(frozen=True)
class Model:
    """One model of an implementation's arithmetic: the grade that it stands for, and how it differs from a sound
    one.
    """

    grade: str
    moments: Moments = moments.two_pass
    activations: Mapping[str, Any] = field(default_factory=lambda: ACTIVATIONS)
    #: Subject's dtype -> the dtype that is computed in, where the model computes in a lower one than it should.
    lower: Mapping[str, str] = field(default_factory=dict)
    #: The dtype that sums are kept in where it is not the one that is computed in; it lends its range too.
    adding: str | None = None

    def concerns(self, case: Case, dtype: str) -> bool:
        """Whether the model is another one than a sound implementation's for this layer and dtype."""
        if self.lower:
            return dtype in self.lower
        if isinstance(case, BatchNorm | LayerNorm):
            return self.moments is not moments.two_pass
        return not isinstance(case, Dense | Activation | Dropout) or self.activations is not ACTIVATIONS

    def arithmetic(self, case: Case, dtype: str) -> Arithmetic:
        computed = self.lower.get(dtype, dtype)
        arithmetic = Arithmetic.of(computed, native=bool(self.lower), random_sums=case.regime in regimes.RANDOM)
        if dtype == "float64" and computed != dtype:
            # A constant or a statistic went through the lower dtype: its digits are lost, the range of the rest is not.
            arithmetic = replace(arithmetic, tiny=format_of(dtype).tiny, largest=format_of(dtype).largest)
        if self.adding is not None:
            kept = format_of(self.adding)
            arithmetic = replace(arithmetic, adding=kept.roundoff, tiny=kept.tiny, largest=kept.largest)
        return arithmetic


STABLE = Model("stable")
SIXTEEN = {name: name for name in SIXTEEN_BITS}
#: From the best to the worst. A weaker model is the same specification with the weakness put in, and has a bound of its
#: own.
WEAKER = (
    Model("one-pass", moments=moments.one_pass),
    Model("cancelling", activations=TEXTBOOK),
    Model("single", activations=TEXTBOOK, lower={"float64": "float32"}),
    Model("rounded", activations=TEXTBOOK, lower=SIXTEEN, adding="float32"),
    Model("native", activations=TEXTBOOK, lower=SIXTEEN),
)


class _Inputs:
    """The case's arrays as inputs of one arithmetic; None stays None. ``handed``: those that it gets from elsewhere."""

    def __init__(self, case: Case, arithmetic: Arithmetic, **handed: Bounded) -> None:
        self._case, self._arithmetic, self.repeats = case, arithmetic, arithmetic.repeats
        vars(self).update((name, _entering(value)) for name, value in handed.items())

    def __getattr__(self, name: str) -> Any:
        return self._entered(getattr(self._case, name))

    def direction(self, name: str) -> Any:
        """The tangent of one array of the case; None for 0."""
        return self._entered(self._case.tangents.get(name))

    def directions(self, *names: str) -> list[Any]:
        return [self.direction(name) for name in names]

    def _entered(self, value: Any) -> Any:
        return value if value is None else Bounded.input(np.asarray(value, np.float64), self._arithmetic)


def _entering(value: Bounded) -> Bounded:
    """What a layer is handed is an input of that layer: it may be exact for a slightly perturbed one."""
    perturbed = value.error + 2.0 * value.arithmetic.roundoff * np.abs(value.value)
    return Bounded(value.value, perturbed, value.arithmetic)


@dataclass(frozen=True)
class Mask:
    """A dropout's mask as far as its output shows it: of a zero that it was given it shows nothing."""

    kept: Array  #: bool
    hidden: Array  #: bool; where it may be either

    def of(self, arithmetic: Arithmetic) -> Comparison:
        kept = self.kept & ~self.hidden
        return Comparison(kept, kept | self.hidden, self.kept, arithmetic)


#: Expectations that several subjects are held against, or one of them several times.
KEPT: Shelf[dict[str, Any]] = Shelf(64 * 2**20)


def expect(
    case: Case,
    dtype: str,
    dialect: Dialect,
    model: Model = STABLE,
    derive: Callable[[Expected], dict[str, Any]] | None = None,
    repeats: int = 1,
    **known: Any,
) -> dict[str, Any]:
    """Outputs, gradients (where the case has a cotangent), new statistics and what else the case asks for, by name.

    ``repeats``: the question is so many copies of the case, one after another along every axis that is summed over; the
    answer that of one of them. ``derive`` makes of the answers what a clause speaks of, such as sums. ``known`` holds
    what the specification is given besides the case: dropout's ``mask`` (bool, shape of x), for a stack ``masks``,
    those of its layers (see ``Mask``).

    What was worked out for a case of the same content is not worked out again; its arrays are read-only.
    """
    if derive is not None or known or model not in (STABLE, *WEAKER):
        return worked_out(case, dtype, dialect, model, derive, repeats, **known)
    content = transport.dumps(case)
    key = content, dtype, dialect, model.grade, repeats
    found = KEPT.get(key)
    if found is None:
        found = worked_out(case, dtype, dialect, model, repeats=repeats)
        for bounded in found.values():
            bounded.value.flags.writeable = bounded.error.flags.writeable = False
        KEPT.put(key, found, len(content) + sum(3 * bounded.value.nbytes for bounded in found.values()))
    return dict(found)


def worked_out(
    case: Case,
    dtype: str,
    dialect: Dialect,
    model: Model = STABLE,
    derive: Callable[[Expected], dict[str, Any]] | None = None,
    repeats: int = 1,
    **known: Any,
) -> dict[str, Any]:
    """:func:`expect`, from the start."""
    arithmetic = model.arithmetic(case, dtype)
    inputs = _Inputs(case, arithmetic if repeats == 1 else replace(arithmetic, repeats=repeats))
    with np.errstate(all="ignore"):
        found = dict(_EXPECTATIONS[type(case)](case, inputs, dialect, model, **known))
        return found if derive is None else derive(found)


def stored(bounded: Bounded, dtype: str) -> Bounded:
    """What is left of a number once it is stored in ``dtype``, for those who go on with it: a rounding where that has
    fewer digits than it was computed with, and nothing known where it may be beyond its range.
    """
    kept = format_of(dtype)
    if kept.roundoff <= bounded.arithmetic.roundoff:
        return bounded
    error = bounded.tolerance(dtype)
    with np.errstate(all="ignore"):
        error = np.where(np.abs(bounded.value) + error <= kept.largest, error, np.inf)
    return Bounded(bounded.value, error, bounded.arithmetic)


def beyond(bounded: Bounded, dtype: str) -> Array:
    """Where a result in ``dtype`` may be infinite, because its value may be beyond the largest number."""
    with np.errstate(all="ignore"):
        return np.asarray(~(np.abs(bounded.value) + bounded.tolerance(dtype) <= format_of(dtype).largest))


def _learnable(gradients: tuple[Any, ...], **parameters: Array | None) -> dict[str, Any]:
    """dx, and the gradient of each parameter that the layer has."""
    dx, *others = gradients
    present = {
        name: value for (name, given), value in zip(parameters.items(), others, strict=True) if given is not None
    }
    return {"dx": dx, **present}


def _batch_norm(case: BatchNorm, inputs: Any, dialect: Dialect, model: Model) -> Expected:
    axis, found = case.channel_axis, {}
    if not case.training:
        mean, var = inputs.running_mean, inputs.running_var
        found["y"] = batch_norm.inference(inputs.x, inputs.gamma, inputs.beta, mean, var, inputs.eps, axis)
        if case.tangents:
            t, *learnt = inputs.directions("x", "gamma", "beta")
            found["ty"] = batch_norm.inference_tangent(
                t, learnt[0], learnt[1], inputs.x, inputs.gamma, mean, var, inputs.eps, axis
            )
        if case.dy is not None:
            grads = batch_norm.inference_grad(inputs.dy, inputs.x, inputs.gamma, mean, var, inputs.eps, axis)
            found |= _learnable(grads, dgamma=case.gamma, dbeta=case.beta)
        if case.ddx is not None:
            again = batch_norm.inference_second(inputs.ddx, inputs.x, inputs.gamma, mean, var, inputs.eps, axis)
            found |= dict(zip(("dxx", "dxy"), again, strict=True))
        return found
    y, mean, var = batch_norm.train(inputs.x, inputs.gamma, inputs.beta, inputs.eps, axis, model.moments)
    found["y"] = y
    if case.tangents:
        t, *learnt = inputs.directions("x", "gamma", "beta")
        found["ty"] = batch_norm.train_tangent(
            t, learnt[0], learnt[1], inputs.x, inputs.gamma, inputs.eps, axis, model.moments
        )
    if case.dy is not None:
        grads = batch_norm.train_grad(inputs.dy, inputs.x, inputs.gamma, inputs.eps, axis, model.moments)
        found |= _learnable(grads, dgamma=case.gamma, dbeta=case.beta)
    if case.ddx is not None:
        twice = inputs.ddx, inputs.dy, inputs.x, inputs.gamma, inputs.eps, axis, model.moments
        found |= dict(zip(("dxx", "dxy"), batch_norm.train_second(*twice), strict=True))
    if case.running_mean is not None:
        if dialect.running_var_divisor == "n-1":
            var = batch_norm.unbiased(var, case.x.size // mean.size * inputs.repeats)
        weight = _update_weight(case, inputs, dialect)
        found["running_mean"] = batch_norm.running_update(inputs.running_mean, mean, weight)
        found["running_var"] = batch_norm.running_update(inputs.running_var, var, weight)
    return found


def _update_weight(case: BatchNorm, inputs: Any, dialect: Dialect) -> Any:
    """The weight of the batch statistic in the update; 1 in the first step of a cumulative average."""
    if case.momentum is None:
        return 1.0
    return inputs.momentum if dialect.momentum == "new" else 1.0 - inputs.momentum


def _layer_norm(case: LayerNorm, inputs: Any, dialect: Dialect, model: Model) -> Expected:
    axes = tuple(range(case.x.ndim - case.normalized_rank, case.x.ndim))
    found = {"y": layer_norm.forward(inputs.x, inputs.gain, inputs.bias, inputs.eps, axes, model.moments)}
    if case.tangents:
        t, *learnt = inputs.directions("x", "gain", "bias")
        found["ty"] = layer_norm.tangent(
            t, learnt[0], learnt[1], inputs.x, inputs.gain, inputs.eps, axes, model.moments
        )
    if case.dy is not None:
        grads = layer_norm.gradient(inputs.dy, inputs.x, inputs.gain, inputs.eps, axes, model.moments)
        found |= _learnable(grads, dgain=case.gain, dbias=case.bias)
    if case.ddx is not None:
        twice = inputs.ddx, inputs.dy, inputs.x, inputs.gain, inputs.eps, axes, model.moments
        found |= dict(zip(("dxx", "dxy"), layer_norm.second(*twice), strict=True))
    return found


def _dropout(case: Dropout, inputs: Any, dialect: Dialect, model: Model, mask: Any = True) -> Expected:
    if not case.training:
        return {"y": inputs.x} | ({} if case.dy is None else {"dx": inputs.dy})
    rate = case.rate if case.rate in (0.0, 1.0) else inputs.rate
    found = {"y": dropout.forward(inputs.x, mask, rate)}
    if case.dy is not None:
        found["dx"] = dropout.gradient(inputs.dy, mask, rate)
    return found


def _kin(case: DropoutKin, inputs: Any, dialect: Dialect, model: Model, mask: Any = True) -> Expected:
    """Of attention: to values that are the identity, so that y is the weights and dx of dy = 1 their transpose."""
    if case.kind == "alpha_dropout":
        y = dropout_kin.alpha(inputs.x, mask, inputs.rate)
        return {"y": y} | ({} if case.dy is None else {"dx": dropout_kin.alpha_gradient(inputs.dy, mask, inputs.rate)})
    scores: Any = Bounded.input(np.zeros(mask.shape), inputs.x.arithmetic)
    weights = dropout_kin.weights(scores, mask, inputs.rate)
    return {"y": weights} | ({} if case.dy is None else {"dx": np.swapaxes(weights, 1, 2)})


def _dense(case: Dense, inputs: Any, dialect: Dialect, model: Model) -> Expected:
    found = {"y": neuron.forward(inputs.x, inputs.weight, inputs.bias, case.activation, model.activations)}
    if case.tangents:
        t, *learnt = inputs.directions("x", "weight", "bias")
        given = inputs.x, inputs.weight, inputs.bias
        found["ty"] = neuron.tangent(t, learnt[0], learnt[1], *given, case.activation, model.activations)
    if case.dy is not None:
        grads = neuron.gradient(inputs.dy, inputs.x, inputs.weight, inputs.bias, case.activation, model.activations)
        found |= _learnable(grads, dweight=case.weight, dbias=case.bias)
    if case.ddx is not None:
        given = inputs.x, inputs.weight, inputs.bias
        again = neuron.second(inputs.ddx, inputs.dy, *given, case.activation, model.activations)
        found |= dict(zip(("dxx", "dxy"), again, strict=True))
    return found


def _activation(case: Activation, inputs: Any, dialect: Dialect, model: Model) -> Expected:
    entry = model.activations[case.name]
    parameters = dict(case.parameters)
    if case.alpha is not None:
        parameters["alpha"] = inputs.alpha
    found = {"y": entry.forward(inputs.x, **parameters)}
    x = inputs.x
    if 0.0 in (*entry.kinks, *entry.bends):
        # Zero is exact, so nothing would leave its side open; where a derivative jumps either one-sided one is right.
        open_at_zero = np.where(x.value == 0, x.arithmetic.tiny, 0.0)
        x = Bounded(x.value, x.error + open_at_zero, x.arithmetic)
    if case.dy is not None:
        answer = entry.gradient(inputs.dy, x, **parameters)
        found |= {"dx": answer[0], "dalpha": answer[1]} if case.alpha is not None else {"dx": answer}
    if case.tangents:
        learnt = {"talpha": inputs.direction("alpha")} if "alpha" in case.tangents else {}
        found["ty"] = entry.along(inputs.direction("x"), x, **parameters, **learnt)
    if case.ddx is not None:
        found["dxx"] = entry.second(inputs.ddx, inputs.dy, x, **parameters)
        if case.name not in ALONG_ROWS:  # phi''(x) dy ddx: whichever comes last, a product may underflow
            swapped = entry.second(inputs.dy, inputs.ddx, x, **parameters)
            found["dxx"] = _either(found["dxx"], swapped)
        found["dxy"] = entry.along(inputs.ddx, x, **parameters)
    return found


def _either(one: Bounded, other: Bounded) -> Bounded:
    """One value by two ways of computing it, of which an implementation may take either."""
    return Bounded(one.value, np.maximum(one.error, other.error), one.arithmetic)


def _stack(case: Stack, inputs: Any, dialect: Dialect, model: Model, masks: Mapping[int, Mask]) -> Expected:
    """Forward from the first layer, back from the last, in the order in which an error would show."""
    if model.activations is TEXTBOOK:
        # In a stack weaknesses meet: what a weaker model explains, it explains beside those before it.
        model = replace(model, moments=moments.one_pass)
    arithmetic, given = inputs.x.arithmetic, [inputs.x]
    found: dict[str, Any] = {}
    known = {index: {"mask": mask.of(arithmetic)} for index, mask in masks.items()}
    for index, layer in enumerate(case.layers):
        handed = _Inputs(layer, arithmetic, x=given[-1])
        answer = _EXPECTATIONS[type(layer)](layer, handed, dialect, model, **known.get(index, {}))
        found.update((f"{index}.{name}", value) for name, value in answer.items())
        found["y"] = answer["y"]
        given.append(stored(answer["y"], layer.x.dtype.name))
    if case.dy is None:
        return found
    dy = inputs.dy
    for index in reversed(range(len(case.layers))):
        layer = replace(case.layers[index], dy=np.zeros(dy.shape))
        handed = _Inputs(layer, arithmetic, x=given[index], dy=dy)
        answer = dict(_EXPECTATIONS[type(layer)](layer, handed, dialect, model, **known.get(index, {})))
        found["dx"] = answer.pop("dx")
        dy = stored(found["dx"], case.x.dtype.name)
        found.update((f"{index}.{name}", value) for name, value in answer.items() if name.startswith("d"))
    return found


_EXPECTATIONS: dict[type[Case], Callable[..., Expected]] = {
    BatchNorm: _batch_norm,
    LayerNorm: _layer_norm,
    Dropout: _dropout,
    DropoutKin: _kin,
    Dense: _dense,
    Activation: _activation,
    Stack: _stack,
}
