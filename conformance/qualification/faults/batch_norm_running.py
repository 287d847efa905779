"""Wrong running statistics of batch normalization."""

from __future__ import annotations

import numpy as np

from adapters.base import Array, BatchNorm
from adapters.numpy import NumPy

from ..registry import fault

State = dict[str, Array]


@fault(
    clause="BN.running.update",
    category="momentum",
    says="momentum the wrong way round",
    tracker="https://github.com/PaddlePaddle/Paddle/pull/51120",
)
class MomentumReversed(NumPy):
    def running_update(self, running: Array, batch: Array, momentum: float) -> Array:
        return super().running_update(running, batch, 1 - momentum)


@fault(
    clause="BN.running.update",
    category="momentum",
    says="batch statistics in the running ones' place, whatever the momentum",
)
class StatisticsReplaced(NumPy):
    def running_update(self, running: Array, batch: Array, momentum: float) -> Array:
        return batch


@fault(
    clause="BN.running.update",
    category="state",
    says="no update",
    tracker="https://github.com/paiml/aprender/pull/2166",
)
class UpdateMissing(NumPy):
    def running_update(self, running: Array, batch: Array, momentum: float) -> Array:
        return running


@fault(clause="BN.running.update", category="state", says="updated twice")
class UpdatedTwice(NumPy):
    def running_update(self, running: Array, batch: Array, momentum: float) -> Array:
        return super().running_update(super().running_update(running, batch, momentum), batch, momentum)


@fault(
    clause="BN.running.update",
    category="divisor",
    says="biased running variance where n - 1 is declared",
    tracker="https://github.com/tenstorrent/tt-metal/issues/55438",
)
class RunningVarianceBiased(NumPy):
    def unbiased(self, var: Array, n: int) -> Array:
        return var


@fault(clause="BN.running.update", category="state", says="running deviation stored for the running variance")
class DeviationStored(NumPy):
    def unbiased(self, var: Array, n: int) -> Array:
        return np.sqrt(super().unbiased(var, n))


@fault(
    clause="BN.running.update",
    category="epsilon",
    says="epsilon in the running variance",
    tracker="https://github.com/chainer/chainer/pull/4505",
)
class EpsilonStored(NumPy):
    def batch_norm_track(self, case: BatchNorm, state: State, mean: Array, var: Array) -> None:
        super().batch_norm_track(case, state, mean, var + var.dtype.type(case.eps))


@fault(clause="BN.running.update", category="divisor", says="n - 1 counts the samples and forgets space")
class SpaceNotCounted(NumPy):
    def batch_norm_track(self, case: BatchNorm, state: State, mean: Array, var: Array) -> None:
        n, samples = case.x.size // mean.size, len(case.x)
        miscounted = self.unbiased(var, samples) / (n / (n - 1)) if samples > 1 else var
        super().batch_norm_track(case, state, mean, miscounted)
