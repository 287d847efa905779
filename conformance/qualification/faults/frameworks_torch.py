"""PyTorch's own layers with a fault put in, before the question or after the answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adapters.base import BatchNorm, Case, Dropout, LayerNorm, Outcome

from ..frameworks import Torch, reworked
from ..registry import fault

AT = {"api": "nn", "mode": "eager", "dtype": "float32"}


@fault(clause="BN.train.output", category="epsilon", says="PyTorch with twice the eps", only=AT)
class TorchEpsilonDoubled(Torch):
    def asked(self, case: Case) -> Case:
        return replace(case, eps=2 * case.eps) if isinstance(case, BatchNorm) else case


@fault(clause="BN.train.grad", category="gradient", says="PyTorch, dbeta without the last sample", only=AT)
class TorchLastSampleLeftOut(Torch):
    def answered(self, case: Case, outcome: Outcome) -> Outcome:
        assert isinstance(case, BatchNorm)
        assert case.dy is not None
        if case.beta is None:
            return outcome
        channels = np.moveaxis(case.dy[-1:], case.channel_axis, 0)
        return reworked(outcome, dbeta=outcome.arrays["dbeta"] - channels.reshape(len(channels), -1).sum(-1))


@fault(clause="BN.running.update", category="momentum", says="PyTorch with 1 - momentum", only=AT)
class TorchMomentumReversed(Torch):
    def asked(self, case: Case) -> Case:
        reverse = isinstance(case, BatchNorm) and case.momentum is not None
        return replace(case, momentum=1 - case.momentum) if reverse else case  # type: ignore[attr-defined, call-arg]


@fault(clause="BN.eval.pure", category="state", says="PyTorch, inference moves the last channel's mean", only=AT)
class TorchInferenceMoves(Torch):
    def answered(self, case: Case, outcome: Outcome) -> Outcome:
        if not isinstance(case, BatchNorm) or case.training:
            return outcome
        mean = outcome.state["running_mean"].copy()
        mean[-1:] = np.nextafter(mean[-1:], np.float32(np.inf))
        return Outcome(outcome.arrays, {**outcome.state, "running_mean": mean})


@fault(clause="BN.eval.output", category="mode", says="PyTorch trains where it should infer", only=AT)
class TorchTrainsInInference(Torch):
    def asked(self, case: Case) -> Case:
        return replace(case, training=True) if isinstance(case, BatchNorm) else case


@fault(clause="BN.layout", category="layout", says="PyTorch, x read in the order of memory", only=AT)
class TorchInputInMemoryOrder(Torch):
    def asked(self, case: Case) -> Case:
        assert isinstance(case, BatchNorm)
        return replace(case, x=case.x.ravel(order="K").reshape(case.x.shape))


@fault(clause="LN.output", category="dtype", says="PyTorch, x by way of float16", only=AT)
class TorchInputInHalf(Torch):
    def asked(self, case: Case) -> Case:
        assert isinstance(case, LayerNorm)
        with np.errstate(over="ignore"):
            return replace(case, x=case.x.astype(np.float16).astype(np.float32))


@fault(clause="LN.special", category="special value", says="PyTorch, NaN replaced by 0 in the output", only=AT)
class TorchHidesNaN(Torch):
    def answered(self, case: Case, outcome: Outcome) -> Outcome:
        return reworked(outcome, y=np.nan_to_num(outcome.arrays["y"]))


@fault(clause="DO.support", category="scale", says="PyTorch, what is kept is not scaled", only=AT)
class TorchUnscaled(Torch):
    def answered(self, case: Case, outcome: Outcome) -> Outcome:
        assert isinstance(case, Dropout)
        return reworked(outcome, y=np.where(outcome.arrays["y"] != 0, case.x, 0).astype(case.x.dtype))


@fault(clause="DO.grad", category="mask", says="PyTorch, the gradient's mask is that of the element before", only=AT)
class TorchMaskShifted(Torch):
    def answered(self, case: Case, outcome: Outcome) -> Outcome:
        return reworked(outcome, dx=np.roll(outcome.arrays["dx"], 1))


@fault(clause="DO.seed", category="seed", says="PyTorch, the seed loses its upper 16 bits", only=AT)
class TorchSeedCutShort(Torch):
    def asked(self, case: Case) -> Case:
        return replace(case, seed=case.seed & 0xFFFF) if isinstance(case, Dropout) else case
