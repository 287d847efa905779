"""Faults of batch normalization that frameworks had, each as its tracker tells it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adapters._numpy_normalization import Axes
from adapters.base import Array, BatchNorm, Outcome
from adapters.numpy import NumPy

from ..registry import fault

State = dict[str, Array]


def halves(x: Array) -> list[Array]:
    """The batch as two workers get it: one sample more for the first where its size is odd."""
    return [part for part in np.split(x, [(len(x) + 1) // 2]) if part.size]


@fault(
    clause="BN.running.update",
    category="state",
    says="the inverse of the deviation is averaged and stored for the variance",
    tracker="https://github.com/torch/nn/issues/567",
)
class RunningInverseDeviation(NumPy):
    def batch_norm_track(self, case: BatchNorm, state: State, mean: Array, var: Array) -> None:
        super().batch_norm_track(case, state, mean, self.inverse_root(var, case.eps))


@fault(
    clause="BN.train.ignores-running",
    category="mode",
    says="training normalizes by the running statistics that it has just updated",
    tracker="https://github.com/microsoft/onnxruntime/issues/29790",
)
class OutputByUpdatedStatistics(NumPy):
    def batch_norm_train(self, case: BatchNorm, state: State) -> dict[str, Array]:
        arrays = super().batch_norm_train(case, state)
        if "running_mean" in state:
            mean, var = (
                self.channelwise(state[name], case.x, case.channel_axis) for name in ("running_mean", "running_var")
            )
            assert mean is not None
            assert var is not None
            arrays["y"] = self.batch_norm_output(case, mean, var)
        return arrays


@fault(
    clause="BN.train.output",
    category="divisor",
    says="in an odd batch the mean of two workers' means, which have not as many samples",
    tracker="https://github.com/PaddlePaddle/Paddle/issues/32464",
)
class MeanOfUnevenMeans(NumPy):
    def batch_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        found = [super(MeanOfUnevenMeans, self).batch_moments(part, axes)[0] for part in halves(x)]
        mean = np.asarray(sum(found) / x.dtype.type(len(found)))
        return mean, self.average(np.square(x - mean), axes)


@fault(
    clause="BN.train.grad",
    category="divisor",
    says="in an odd batch the gradient's means are means of two workers' means",
    tracker="https://github.com/pytorch/pytorch/pull/36688",
)
class UnevenGradientMeans(NumPy):
    def uneven(self, x: Array, axes: Axes) -> Array:
        found = [self.average(part, axes) for part in halves(x)]
        return np.asarray(sum(found) / x.dtype.type(len(found)))

    def input_gradient(self, dx_hat: Array, x_hat: Array, inverse: Array, axes: Axes) -> Array:
        variance_term = x_hat * self.uneven(dx_hat * x_hat, axes)
        return np.asarray(inverse * (dx_hat - self.uneven(dx_hat, axes) - variance_term))


@fault(
    clause="BN.train.grad",
    category="gradient",
    says="the gradient takes the saved inverse deviation for the variance, and its root once more",
    tracker="https://github.com/flagos-ai/FlagGems/issues/5222",
)
class InverseDeviationForVariance(NumPy):
    def batch_norm_gradient(self, case: BatchNorm, dy: Array, mean: Array, var: Array) -> State:
        return super().batch_norm_gradient(case, dy, mean, self.inverse_root(var, case.eps))


@fault(
    clause="BN.large",
    category="layout",
    says="channels last, their number no power of two, more than 4096 values each: the last position is left out",
    tracker="https://github.com/NVIDIA/apex/issues/1768",
)
class ChannelsNoPowerOfTwo(NumPy):
    def batch_norm(self, case: BatchNorm) -> Outcome:
        self.last = case.channel_axis == -1
        return super().batch_norm(case)

    def batch_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        channels = x.shape[-1]
        if self.last and channels & (channels - 1) and x.size > 4096 * channels:
            x = x[..., :-1, :]
        return super().batch_moments(x, axes)


@fault(
    clause="BN.train.output",
    category="epsilon",
    says="an eps up to 1e-5 gets 1e-12 more",
    tracker="https://github.com/tensorflow/tensorflow/issues/8090",
)
class SmallEpsilonLifted(NumPy):
    def inverse_root(self, var: Array, eps: float) -> Array:
        return super().inverse_root(var, eps if eps > 1e-5 else eps + 1e-12)


@fault(
    clause="BN.train.output",
    category="epsilon",
    says="eps is the least that the variance may be, and not added to it",
    tracker="https://github.com/vacancy/Synchronized-BatchNorm-PyTorch/issues/43",
)
class EpsilonIsAFloor(NumPy):
    def inverse_root(self, var: Array, eps: float) -> Array:
        return np.asarray(1 / np.sqrt(np.maximum(var, var.dtype.type(eps))))


@fault(
    clause="BN.eval.output",
    category="epsilon",
    says="eps is added twice, where inference is asked for no gradient",
    tracker="https://github.com/chainer/chainer/pull/4505",
)
class EpsilonTwiceWithoutGradient(NumPy):
    def batch_norm_eval(self, case: BatchNorm, state: State) -> dict[str, Array]:
        return super().batch_norm_eval(case if case.dy is not None else replace(case, eps=2 * case.eps), state)


@fault(
    clause="BN.layout",
    category="layout",
    says="x is read as channels-last memory in the gradient wherever dy is",
    tracker="https://github.com/pytorch/pytorch/pull/64100",
)
class InputInTheCotangentsLayout(NumPy):
    def batch_norm_gradient(self, case: BatchNorm, dy: Array, mean: Array, var: Array) -> State:
        x, moved = case.x, np.moveaxis(dy, 1, -1)
        if x.ndim > 2 and moved.flags.c_contiguous and not dy.flags.c_contiguous and x.flags.c_contiguous:
            case = replace(case, x=np.moveaxis(x.reshape(moved.shape), -1, 1).copy())
        return super().batch_norm_gradient(case, dy, mean, var)
