"""Flax's own layers with a fault put in, before the question or after the answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adapters.base import Activation, BatchNorm, Case, Dense, Dropout, Outcome

from ..frameworks import Jax, reworked
from ..registry import fault

AT = {"api": "flax.nnx", "mode": "eager", "dtype": "float32"}


@fault(clause="BN.eval.output", category="epsilon", says="Flax with an eps of at least 1e-2", only=AT)
class FlaxEpsilonFloored(Jax):
    def asked(self, case: Case) -> Case:
        return replace(case, eps=max(case.eps, 1e-2)) if isinstance(case, BatchNorm) else case


@fault(clause="BN.eval.pure", category="state", says="Flax, inference leaves eps in the running variance", only=AT)
class FlaxEpsilonLeftBehind(Jax):
    def answered(self, case: Case, outcome: Outcome) -> Outcome:
        if not isinstance(case, BatchNorm) or case.training:
            return outcome
        var = outcome.state["running_var"]
        return Outcome(outcome.arrays, {**outcome.state, "running_var": var + var.dtype.type(case.eps)})


@fault(clause="BN.eval.grad", category="gradient", says="Flax, dgamma of inference from x itself", only=AT)
class FlaxGammaGradientUnnormalized(Jax):
    def answered(self, case: Case, outcome: Outcome) -> Outcome:
        assert isinstance(case, BatchNorm)
        assert case.dy is not None
        if case.gamma is None:
            return outcome
        axes = tuple(axis for axis in range(case.x.ndim) if axis != case.channel_axis % case.x.ndim)
        return reworked(outcome, dgamma=np.sum(case.dy * case.x, axes))


@fault(clause="DO.support", category="scale", says="Flax, scaled twice", only=AT)
class FlaxScaledTwice(Jax):
    def answered(self, case: Case, outcome: Outcome) -> Outcome:
        assert isinstance(case, Dropout)
        return reworked(outcome, y=outcome.arrays["y"] / np.float32(1 - case.rate))


@fault(clause="DO.eval", category="mode", says="Flax drops in inference", only=AT)
class FlaxDropsInInference(Jax):
    def asked(self, case: Case) -> Case:
        return replace(case, training=True) if isinstance(case, Dropout) else case


@fault(clause="DO.shape", category="axis", says="Flax, an axis of one is lost", only=AT)
class FlaxAxisLost(Jax):
    def answered(self, case: Case, outcome: Outcome) -> Outcome:
        return reworked(outcome, y=np.squeeze(outcome.arrays["y"]))


@fault(clause="DO.seed", category="seed", says="Flax, the seed loses its last bit", only=AT)
class FlaxSeedLosesABit(Jax):
    def asked(self, case: Case) -> Case:
        return replace(case, seed=case.seed & ~1) if isinstance(case, Dropout) else case


@fault(clause="NE.output", category="dtype", says="Flax, x by way of float16", only=AT)
class FlaxInputInHalf(Jax):
    def asked(self, case: Case) -> Case:
        assert isinstance(case, Dense)
        with np.errstate(over="ignore"):
            return replace(case, x=case.x.astype(np.float16).astype(np.float32))


@fault(clause="NE.bias", category="axis", says="Flax, biases moved on by one neuron", only=AT)
class FlaxBiasMovedOn(Jax):
    def asked(self, case: Case) -> Case:
        return replace(case, bias=np.roll(case.bias, 1)) if isinstance(case, Dense) and case.bias is not None else case


@fault(clause="ACT.value", category="formula", says="JAX, gelu by its tanh form", only={**AT, "activation": "gelu"})
class FlaxGeluByTanh(Jax):
    def asked(self, case: Case) -> Case:
        return replace(case, name="gelu_tanh") if isinstance(case, Activation) else case


@fault(
    clause="ACT.special",
    category="layout",
    says="JAX, relu loses a NaN in the tail of a vector",
    only={**AT, "activation": "relu"},
)
class FlaxTailDropsNaN(Jax):
    def answered(self, case: Case, outcome: Outcome) -> Outcome:
        y = outcome.arrays["y"].copy()
        tail = y[..., y.shape[-1] // 8 * 8 :]
        tail[np.isnan(tail)] = 0
        return reworked(outcome, y=y)
