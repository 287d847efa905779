"""Layers of Keras on TensorFlow with a fault put in, before the question or after the answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adapters.base import BatchNorm, Case, Dense, Dropout, LayerNorm, Outcome

from ..frameworks import TensorFlow, reworked
from ..registry import fault

AT = {"api": "keras", "mode": "eager", "dtype": "float32"}


@fault(clause="LN.output", category="epsilon", says="Keras with the root of eps", only=AT)
class KerasEpsilonRooted(TensorFlow):
    def asked(self, case: Case) -> Case:
        return replace(case, eps=case.eps**0.5) if isinstance(case, LayerNorm) else case


@fault(clause="BN.running.update", category="momentum", says="Keras with 1 - momentum", only=AT)
class KerasMomentumReversed(TensorFlow):
    def asked(self, case: Case) -> Case:
        reverse = isinstance(case, BatchNorm) and case.momentum is not None
        return replace(case, momentum=1 - case.momentum) if reverse else case  # type: ignore[attr-defined, call-arg]


@fault(clause="BN.running.update", category="divisor", says="Keras, n - 1 in the running variance", only=AT)
class KerasVarianceUnbiased(TensorFlow):
    def answered(self, case: Case, outcome: Outcome) -> Outcome:
        if not isinstance(case, BatchNorm) or case.running_var is None or case.momentum is None:
            return outcome
        n = case.x.size // len(case.running_var)
        old, new = case.momentum * case.running_var, outcome.state["running_var"]
        unbiased = (old + (new - old) * (n / (n - 1))).astype(new.dtype)
        return Outcome(outcome.arrays, {**outcome.state, "running_var": unbiased})


@fault(clause="BN.train.ignores-running", category="state", says="Keras, x shifted by the running mean", only=AT)
class KerasShiftedByRunningMean(TensorFlow):
    def asked(self, case: Case) -> Case:
        if not isinstance(case, BatchNorm) or case.running_mean is None:
            return case
        axes = [axis for axis in range(case.x.ndim) if axis != case.channel_axis % case.x.ndim]
        return replace(case, x=case.x - np.expand_dims(case.running_mean, axes))


@fault(clause="LN.mode-free", category="mode", says="Keras, inference forgets the bias", only=AT)
class KerasBiasForgottenInInference(TensorFlow):
    def answered(self, case: Case, outcome: Outcome) -> Outcome:
        if not isinstance(case, LayerNorm) or case.training or case.bias is None:
            return outcome
        return reworked(outcome, y=outcome.arrays["y"] - case.bias)


@fault(clause="LN.grad", category="gradient", says="Keras, dgain averaged over the samples", only=AT)
class KerasGainGradientAveraged(TensorFlow):
    def answered(self, case: Case, outcome: Outcome) -> Outcome:
        assert isinstance(case, LayerNorm)
        if case.gain is None:
            return outcome
        return reworked(outcome, dgain=outcome.arrays["dgain"] / np.float32(case.x.size // case.gain.size))


@fault(clause="LN.layout", category="layout", says="Keras, dy read in the order of memory", only=AT)
class KerasCotangentInMemoryOrder(TensorFlow):
    def asked(self, case: Case) -> Case:
        assert isinstance(case, LayerNorm)
        assert case.dy is not None
        return replace(case, dy=case.dy.ravel(order="K").reshape(case.dy.shape))


@fault(clause="DO.eval", category="scale", says="Keras, inference is scaled by 1 - rate", only=AT)
class KerasScaledInInference(TensorFlow):
    def answered(self, case: Case, outcome: Outcome) -> Outcome:
        assert isinstance(case, Dropout)
        return reworked(outcome, y=outcome.arrays["y"] * np.float32(1 - case.rate))


@fault(clause="DO.grad", category="mask", says="Keras, no mask in the gradient", only=AT)
class KerasMaskMissing(TensorFlow):
    def answered(self, case: Case, outcome: Outcome) -> Outcome:
        assert isinstance(case, Dropout)
        assert case.dy is not None
        return reworked(outcome, dx=case.dy / np.float32(1 - case.rate))


@fault(clause="DO.seed", category="seed", says="Keras, one seed whatever is asked for", only=AT)
class KerasSeedIgnored(TensorFlow):
    def asked(self, case: Case) -> Case:
        return replace(case, seed=1) if isinstance(case, Dropout) else case


@fault(clause="NE.output", category="dtype", says="Keras, weights by way of float16", only=AT)
class KerasWeightsInHalf(TensorFlow):
    def asked(self, case: Case) -> Case:
        assert isinstance(case, Dense)
        return replace(case, weight=case.weight.astype(np.float16).astype(np.float32))
