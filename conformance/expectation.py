"""What the specification expects of a case, on numbers that carry the error that a sound implementation may make.

The one place where cases and the specification meet: it hands the case's arrays to ``reference`` as
:class:`~conformance.bounded.Bounded` inputs and names the results as the adapters do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from adapters.base import SIXTEEN_BITS, Activation, BatchNorm, Case, Dense, Dialect, Dropout, LayerNorm
from conformance import regimes
from conformance.bounded import Arithmetic, Bounded, format_of
from reference import batch_norm, dropout, layer_norm, moments, neuron
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

    def concerns(self, dtype: str) -> bool:
        return not self.lower or dtype in self.lower

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
    """The case's arrays as inputs of one arithmetic; None stays None."""

    def __init__(self, case: Case, arithmetic: Arithmetic) -> None:
        self._case, self._arithmetic = case, arithmetic

    def __getattr__(self, name: str) -> Any:
        return self._entered(getattr(self._case, name))

    def direction(self, name: str) -> Any:
        """The tangent of one array of the case; None for 0."""
        return self._entered(self._case.tangents.get(name))

    def directions(self, *names: str) -> list[Any]:
        return [self.direction(name) for name in names]

    def _entered(self, value: Any) -> Any:
        return value if value is None else Bounded.input(np.asarray(value, np.float64), self._arithmetic)


def expect(
    case: Case,
    dtype: str,
    dialect: Dialect,
    model: Model = STABLE,
    derive: Callable[[Expected], dict[str, Any]] | None = None,
    **known: Any,
) -> dict[str, Any]:
    """Outputs, gradients (where the case has a cotangent), new statistics and what else the case asks for, by name.

    ``derive`` makes of them what a clause speaks of, such as sums. ``known`` holds what the specification is given
    besides the case: dropout's ``mask`` (bool, shape of x).
    """
    inputs = _Inputs(case, model.arithmetic(case, dtype))
    with np.errstate(all="ignore"):
        found = dict(_EXPECTATIONS[type(case)](case, inputs, dialect, model, **known))
        return found if derive is None else derive(found)


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
    if case.running_mean is not None:
        if dialect.running_var_divisor == "n-1":
            var = batch_norm.unbiased(var, case.x.size // mean.size)
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
    return found


def _dropout(case: Dropout, inputs: Any, dialect: Dialect, model: Model, mask: Array) -> Expected:
    rate = case.rate if case.rate in (0.0, 1.0) else inputs.rate
    found = {"y": dropout.forward(inputs.x, mask, rate)}
    if case.dy is not None:
        found["dx"] = dropout.gradient(inputs.dy, mask, rate)
    return found


def _dense(case: Dense, inputs: Any, dialect: Dialect, model: Model) -> Expected:
    found = {"y": neuron.forward(inputs.x, inputs.weight, inputs.bias, case.activation, model.activations)}
    if case.tangents:
        t, *learnt = inputs.directions("x", "weight", "bias")
        given = inputs.x, inputs.weight, inputs.bias
        found["ty"] = neuron.tangent(t, learnt[0], learnt[1], *given, case.activation, model.activations)
    if case.dy is not None:
        grads = neuron.gradient(inputs.dy, inputs.x, inputs.weight, inputs.bias, case.activation, model.activations)
        found |= _learnable(grads, dweight=case.weight, dbias=case.bias)
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
        open_at_zero = np.where(case.x == 0, x.arithmetic.tiny, 0.0)
        x = Bounded(x.value, x.error + open_at_zero, x.arithmetic)
    if case.dy is not None:
        answer = entry.gradient(inputs.dy, x, **parameters)
        found |= {"dx": answer[0], "dalpha": answer[1]} if case.alpha is not None else {"dx": answer}
    if case.tangents:
        learnt = {"talpha": inputs.direction("alpha")} if "alpha" in case.tangents else {}
        found["ty"] = entry.along(inputs.direction("x"), x, **parameters, **learnt)
    if case.ddx is not None:
        found["dxx"] = entry.second(inputs.ddx, inputs.dy, x, **parameters)
        found["dxy"] = entry.along(inputs.ddx, x, **parameters)
    return found


_EXPECTATIONS: dict[type[Case], Callable[..., Expected]] = {
    BatchNorm: _batch_norm,
    LayerNorm: _layer_norm,
    Dropout: _dropout,
    Dense: _dense,
    Activation: _activation,
}
