"""Wrong batch normalization in inference, and layers that change what they must leave alone."""

from __future__ import annotations

import numpy as np

from adapters.base import Array, BatchNorm
from adapters.numpy import NumPy

from ..registry import fault

State = dict[str, Array]


class OtherStatistics(NumPy):
    """Normalizes by other statistics in inference."""

    def statistics(self, case: BatchNorm, mean: Array, var: Array) -> tuple[Array, Array]:
        """What stands for the running statistics ``mean`` and ``var``, [1, C, 1, ...]."""
        raise NotImplementedError

    def of_batch(self, case: BatchNorm) -> tuple[Array, Array]:
        return self.moments(case.x, self.batch_axes(case.x, case.channel_axis))

    def batch_norm_output(self, case: BatchNorm, mean: Array, var: Array) -> Array:
        if not case.training:
            mean, var = self.statistics(case, mean, var)
        return super().batch_norm_output(case, mean, var)


@fault(clause="BN.eval.output", category="mode", says="inference normalizes by the batch")
@fault(clause="BN.eval.independent", category="mode", says="inference normalizes by the batch")
class BatchInInference(OtherStatistics):
    def statistics(self, case: BatchNorm, mean: Array, var: Array) -> tuple[Array, Array]:
        return self.of_batch(case)


@fault(
    clause="BN.eval.independent",
    category="special value",
    says="running statistics plus zero times the batch's: NaN crosses over",
)
class BlendedByZero(OtherStatistics):
    def statistics(self, case: BatchNorm, mean: Array, var: Array) -> tuple[Array, Array]:
        of_batch = self.of_batch(case)
        return mean + 0 * of_batch[0], var + 0 * of_batch[1]


@fault(clause="BN.eval.independent", category="state", says="a hundredth of the batch's mean in the running mean")
class LeaningOnTheBatch(OtherStatistics):
    def statistics(self, case: BatchNorm, mean: Array, var: Array) -> tuple[Array, Array]:
        return self.running_update(mean, self.of_batch(case)[0], 0.01), var


@fault(clause="BN.eval.independent", category="axis", says="the first sample's channels centre the others")
class FirstSampleLeaks(NumPy):
    def batch_norm_eval(self, case: BatchNorm, state: State) -> dict[str, Array]:
        arrays = super().batch_norm_eval(case, state)
        arrays["y"][1:] += 0.01 * case.x[:1]
        return arrays


@fault(clause="BN.eval.output", category="formula", says="running standard deviation for the variance: no root")
class RunningDeviation(OtherStatistics):
    def statistics(self, case: BatchNorm, mean: Array, var: Array) -> tuple[Array, Array]:
        return mean, np.square(var)


@fault(
    clause="BN.eval.output",
    category="epsilon",
    says="no epsilon in inference",
    tracker="https://github.com/chainer/chainer/pull/2214",
)
class InferenceWithoutEpsilon(OtherStatistics):
    def statistics(self, case: BatchNorm, mean: Array, var: Array) -> tuple[Array, Array]:
        return mean, var - var.dtype.type(case.eps)


@fault(clause="BN.eval.output", category="divisor", says="running variance made unbiased once more")
class UnbiasedAgain(OtherStatistics):
    def statistics(self, case: BatchNorm, mean: Array, var: Array) -> tuple[Array, Array]:
        return mean, self.unbiased(var, max(2, case.x.size // mean.size))


@fault(clause="BN.eval.output", category="mode", says="running mean not subtracted")
class RunningMeanIgnored(OtherStatistics):
    def statistics(self, case: BatchNorm, mean: Array, var: Array) -> tuple[Array, Array]:
        return 0 * mean, var


@fault(clause="BN.eval.output", category="axis", says="channels in reverse take each other's running mean")
class ChannelsReversed(OtherStatistics):
    def statistics(self, case: BatchNorm, mean: Array, var: Array) -> tuple[Array, Array]:
        return mean.ravel()[::-1].reshape(mean.shape), var


@fault(
    clause="BN.eval.grad",
    category="gradient",
    says="gradient of inference through batch statistics",
    tracker="https://github.com/pytorch/xla/issues/3361",
)
class GradientThroughBatch(NumPy):
    def batch_norm_eval_gradient(self, case: BatchNorm, dy: Array, mean: Array, var: Array) -> dict[str, Array]:
        return self.batch_norm_gradient(case, dy, mean, var)


class OtherEvalGradient(NumPy):
    """Another dx, dgamma or dbeta in inference."""

    def mistaken(self, case: BatchNorm, dy: Array, found: dict[str, Array]) -> dict[str, Array]:
        """The gradients that are wrong, given the right ones."""
        raise NotImplementedError

    def batch_norm_eval_gradient(self, case: BatchNorm, dy: Array, mean: Array, var: Array) -> dict[str, Array]:
        found = super().batch_norm_eval_gradient(case, dy, mean, var)
        return found | {name: value for name, value in self.mistaken(case, dy, found).items() if name in found}


@fault(clause="BN.eval.grad", category="gradient", says="dx of inference without gamma")
class EvalGradientWithoutGamma(OtherEvalGradient):
    def mistaken(self, case: BatchNorm, dy: Array, found: dict[str, Array]) -> dict[str, Array]:
        var = self.channelwise(case.running_var, case.x, case.channel_axis)
        assert var is not None
        return {"dx": dy * self.inverse_root(var, case.eps)}


@fault(clause="BN.eval.grad", category="gradient", says="dgamma of inference without x-hat's normalization: sum(dy x)")
class EvalGammaGradientFromInput(OtherEvalGradient):
    def mistaken(self, case: BatchNorm, dy: Array, found: dict[str, Array]) -> dict[str, Array]:
        return {"dgamma": self.total(dy * case.x, self.batch_axes(dy, case.channel_axis)).reshape(-1)}


@fault(clause="BN.eval.grad", category="divisor", says="dbeta of inference averaged")
class EvalBetaGradientAveraged(OtherEvalGradient):
    def mistaken(self, case: BatchNorm, dy: Array, found: dict[str, Array]) -> dict[str, Array]:
        return {"dbeta": self.average(dy, self.batch_axes(dy, case.channel_axis)).reshape(-1)}


@fault(clause="BN.eval.grad", category="gradient", says="no gradient of gamma in inference: zeros")
class EvalGammaGradientZero(OtherEvalGradient):
    def mistaken(self, case: BatchNorm, dy: Array, found: dict[str, Array]) -> dict[str, Array]:
        return {"dgamma": np.zeros_like(found["dgamma"])} if "dgamma" in found else {}


@fault(clause="BN.eval.pure", category="state", says="inference updates the running statistics")
class InferenceUpdates(NumPy):
    def batch_norm_eval(self, case: BatchNorm, state: State) -> dict[str, Array]:
        mean = self.average(case.x, self.batch_axes(case.x, case.channel_axis)).reshape(-1)
        state["running_mean"] = self.running_update(state["running_mean"], mean, 0.1)
        return super().batch_norm_eval(case, state)


@fault(clause="BN.eval.pure", category="epsilon", says="inference leaves epsilon in the running variance")
class EpsilonLeftBehind(NumPy):
    def batch_norm_eval(self, case: BatchNorm, state: State) -> dict[str, Array]:
        state["running_var"] += state["running_var"].dtype.type(case.eps)
        return super().batch_norm_eval(case, state)


@fault(clause="BN.eval.pure", category="state", says="training changes gamma")
class TrainingChangesGamma(NumPy):
    def batch_norm_train(self, case: BatchNorm, state: State) -> dict[str, Array]:
        if "gamma" in state:
            state["gamma"] *= state["gamma"].dtype.type(1.001)
        return super().batch_norm_train(case, state)


@fault(clause="BN.eval.pure", category="state", says="training writes the normalized values over its input")
class InputOverwritten(NumPy):
    def batch_norm_train(self, case: BatchNorm, state: State) -> dict[str, Array]:
        arrays = super().batch_norm_train(case, state)
        state["x"] = arrays["y"].copy()
        return arrays
