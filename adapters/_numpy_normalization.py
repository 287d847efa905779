"""Batch and layer normalization of the NumPy control, forward and backward, and the sums that every layer of it uses.

Statistics and sums keep their axes, so they broadcast against what they came from. Ioffe & Szegedy, *Batch
Normalization*, 2015, algorithms 1 and 2; Ba, Kiros & Hinton, *Layer Normalization*, 2016, equation 4.
"""

from __future__ import annotations

import math

import numpy as np

from adapters.base import Array, BatchNorm, LayerNorm, Outcome, Unsupported

Axes = tuple[int, ...]

#: Elements from which the order of a sum matters more than a copy.
_MANY = 2**16


def require(holds: bool, message: str) -> None:
    if not holds:
        raise ValueError(message)


def side_by_side(x: Array, axes: Axes) -> Array:
    """x, laid in memory so that what is reduced lies side by side, where it is much.

    NumPy adds in pairs along contiguous memory, and along other axes one by one (``numpy.sum``, notes).
    """
    if x.size <= _MANY:
        return x
    last = (*(axis for axis in range(x.ndim) if axis not in axes), *axes)
    return np.ascontiguousarray(x.transpose(last)).transpose(np.argsort(last))


def fits(name: str, value: Array | None, shape: tuple[int, ...]) -> None:
    """ValueError unless the parameter, where there is one, has the shape that the layer needs."""
    if value is not None:
        require(value.shape == shape, f"{name} has shape {value.shape}, the layer needs {shape}")


class Normalization:
    """Each step a method; batch norm as torch has it: momentum weighs the new, the running variance has n - 1."""

    # Sums and statistics, shared by the layers.

    def total(self, x: Array, axes: Axes) -> Array:
        return np.asarray(np.sum(side_by_side(x, axes), axes, keepdims=True))

    def average(self, x: Array, axes: Axes) -> Array:
        return np.asarray(self.total(x, axes) / math.prod(x.shape[axis] for axis in axes))

    def moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        """Mean and variance with divisor n, in two passes."""
        mean = self.average(x, axes)
        return mean, self.average(np.square(x - mean), axes)

    def inverse_root(self, var: Array, eps: float) -> Array:
        return np.asarray(1 / np.sqrt(var + var.dtype.type(eps)))

    def normalize(self, x: Array, mean: Array, var: Array, eps: float) -> Array:
        return (x - mean) * self.inverse_root(var, eps)

    def affine(self, x_hat: Array, scale: Array | None, shift: Array | None) -> Array:
        scaled = x_hat if scale is None else x_hat * scale
        return scaled if shift is None else scaled + shift

    def normalized(
        self, x: Array, mean: Array, var: Array, eps: float, scale: Array | None, shift: Array | None
    ) -> Array:
        return self.affine(self.normalize(x, mean, var, eps), scale, shift)

    def input_gradient(self, dx_hat: Array, x_hat: Array, inverse: Array, axes: Axes) -> Array:
        """dx from the gradient of the normalized input, through mean and variance over ``axes``."""
        variance_term = x_hat * self.average(dx_hat * x_hat, axes)
        return np.asarray(inverse * (dx_hat - self.average(dx_hat, axes) - variance_term))

    # Batch normalization.

    def batch_norm(self, case: BatchNorm) -> Outcome:
        self.check_batch_norm(case)
        names = ("x", "gamma", "beta", "running_mean", "running_var")
        state = {name: value.copy() for name, value in case.arrays() if name in names}
        arrays = self.batch_norm_train(case, state) if case.training else self.batch_norm_eval(case, state)
        return Outcome(arrays, state)

    def check_batch_norm(self, case: BatchNorm) -> None:
        if case.training and case.momentum is None and case.running_mean is not None:
            raise Unsupported("the control offers no cumulative averaging")
        if not case.training and (case.running_mean is None or case.running_var is None):
            raise Unsupported("the control offers no inference without running statistics")
        require(case.x.ndim >= 2, f"batch normalization needs a batch and a channel axis, x has rank {case.x.ndim}")
        require(case.eps >= 0, f"eps must not be negative, it is {case.eps}")
        require(case.momentum is None or 0 <= case.momentum <= 1, f"momentum must lie in [0, 1], it is {case.momentum}")
        channels = case.x.shape[case.channel_axis]
        for name in ("gamma", "beta", "running_mean", "running_var"):
            fits(name, getattr(case, name), (channels,))
        values = case.x.size // channels if channels else 0
        require(values > 1 or not case.training, f"training needs more than one value a channel, x has {values}")

    def batch_axes(self, x: Array, channel_axis: int) -> Axes:
        """The axes of the batch and of space: all but the channels'."""
        return tuple(axis for axis in range(x.ndim) if axis != channel_axis % x.ndim)

    def channelwise(self, value: Array | None, x: Array, channel_axis: int) -> Array | None:
        """[C] with axes of length 1 beside it, so that it broadcasts against x; None stays None."""
        return None if value is None else np.expand_dims(value, self.batch_axes(x, channel_axis))

    def batch_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        return self.moments(x, axes)

    def batch_norm_train(self, case: BatchNorm, state: dict[str, Array]) -> dict[str, Array]:
        """Outputs and gradients; ``state`` gets the new running statistics."""
        mean, var = self.batch_moments(case.x, self.batch_axes(case.x, case.channel_axis))
        arrays = {"y": self.batch_norm_output(case, mean, var)} | self.batch_norm_derivatives(case, mean, var)
        if "running_mean" in state:
            self.batch_norm_track(case, state, mean.reshape(-1), var.reshape(-1))
        if case.dy is not None:
            arrays |= self.batch_norm_gradient(case, case.dy, mean, var)
        return arrays

    def batch_norm_eval(self, case: BatchNorm, state: dict[str, Array]) -> dict[str, Array]:
        mean = self.channelwise(case.running_mean, case.x, case.channel_axis)
        var = self.channelwise(case.running_var, case.x, case.channel_axis)
        assert mean is not None
        assert var is not None
        arrays = {"y": self.batch_norm_output(case, mean, var)} | self.batch_norm_derivatives(case, mean, var)
        if case.dy is not None:
            arrays |= self.batch_norm_eval_gradient(case, case.dy, mean, var)
        return arrays

    def batch_norm_output(self, case: BatchNorm, mean: Array, var: Array) -> Array:
        gamma = self.channelwise(case.gamma, case.x, case.channel_axis)
        beta = self.channelwise(case.beta, case.x, case.channel_axis)
        return self.normalized(case.x, mean, var, case.eps, gamma, beta)

    def batch_norm_track(self, case: BatchNorm, state: dict[str, Array], mean: Array, var: Array) -> None:
        """``mean`` and ``var``: of the batch, [C], divisor n."""
        assert case.momentum is not None
        unbiased = self.unbiased(var, case.x.size // mean.size)
        state["running_mean"] = self.running_update(state["running_mean"], mean, case.momentum)
        state["running_var"] = self.running_update(state["running_var"], unbiased, case.momentum)

    def unbiased(self, var: Array, n: int) -> Array:
        return var * (n / (n - 1))

    def running_update(self, running: Array, batch: Array, momentum: float) -> Array:
        return (1 - momentum) * running + momentum * batch

    def batch_norm_gradient(self, case: BatchNorm, dy: Array, mean: Array, var: Array) -> dict[str, Array]:
        axes = self.batch_axes(case.x, case.channel_axis)
        gamma = self.channelwise(case.gamma, case.x, case.channel_axis)
        x_hat = self.normalize(case.x, mean, var, case.eps)
        dx_hat = self.affine(dy, gamma, None)
        dx = self.input_gradient(dx_hat, x_hat, self.inverse_root(var, case.eps), axes)
        return {"dx": dx} | self.batch_affine_gradient(case, dy, x_hat)

    def batch_norm_eval_gradient(self, case: BatchNorm, dy: Array, mean: Array, var: Array) -> dict[str, Array]:
        gamma = self.channelwise(case.gamma, case.x, case.channel_axis)
        dx = self.affine(dy, gamma, None) * self.inverse_root(var, case.eps)
        return {"dx": dx} | self.batch_affine_gradient(case, dy, self.normalize(case.x, mean, var, case.eps))

    def batch_affine_gradient(self, case: BatchNorm, dy: Array, x_hat: Array) -> dict[str, Array]:
        axes = self.batch_axes(case.x, case.channel_axis)
        return self.affine_gradient(dy, x_hat, axes, gamma=case.gamma, beta=case.beta)

    def affine_gradient(self, dy: Array, x_hat: Array, axes: Axes, **parameters: Array | None) -> dict[str, Array]:
        """Gradients of scale and shift, in this order in ``parameters``, in their shapes; none for None."""
        terms = zip(parameters.items(), (dy * x_hat, dy), strict=True)
        return {f"d{k}": self.total(term, axes).reshape(value.shape) for (k, value), term in terms if value is not None}

    def batch_norm_derivatives(self, case: BatchNorm, mean: Array, var: Array) -> dict[str, Array]:
        """Forward mode, where the case asks for it; see :mod:`adapters._numpy_derivatives`."""
        raise NotImplementedError

    def layer_norm_derivatives(self, case: LayerNorm, mean: Array, var: Array) -> dict[str, Array]:
        raise NotImplementedError

    # Layer normalization: as above, but over the trailing axes, and the same in both modes.

    def layer_axes(self, x: Array, rank: int) -> Axes:
        return tuple(range(x.ndim - rank, x.ndim))

    def layer_moments(self, x: Array, axes: Axes) -> tuple[Array, Array]:
        return self.moments(x, axes)

    def layer_norm(self, case: LayerNorm) -> dict[str, Array]:
        x, rank = case.x, case.normalized_rank
        require(1 <= rank <= x.ndim, f"x of rank {x.ndim} has no {rank} trailing axes to normalize over")
        require(case.eps >= 0, f"eps must not be negative, it is {case.eps}")
        fits("gain", case.gain, x.shape[x.ndim - rank :])
        fits("bias", case.bias, x.shape[x.ndim - rank :])
        mean, var = self.layer_moments(x, self.layer_axes(x, rank))
        arrays = {"y": self.normalized(x, mean, var, case.eps, case.gain, case.bias)}
        arrays |= self.layer_norm_derivatives(case, mean, var)
        if case.dy is not None:
            arrays |= self.layer_norm_gradient(case, case.dy, mean, var)
        return arrays

    def layer_norm_gradient(self, case: LayerNorm, dy: Array, mean: Array, var: Array) -> dict[str, Array]:
        axes = self.layer_axes(case.x, case.normalized_rank)
        x_hat = self.normalize(case.x, mean, var, case.eps)
        dx_hat = self.affine(dy, case.gain, None)
        dx = self.input_gradient(dx_hat, x_hat, self.inverse_root(var, case.eps), axes)
        return {"dx": dx} | self.layer_affine_gradient(case, dy, x_hat)

    def layer_affine_gradient(self, case: LayerNorm, dy: Array, x_hat: Array) -> dict[str, Array]:
        samples = tuple(range(case.x.ndim - case.normalized_rank))
        return self.affine_gradient(dy, x_hat, samples, gain=case.gain, bias=case.bias)
