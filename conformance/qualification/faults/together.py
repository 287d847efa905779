"""Wrong stacks of layers: each layer is right alone, what passes between them is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adapters.base import Activation, Array, BatchNorm, Dense, Dropout, LayerCase, Outcome, Stack
from adapters.numpy import NumPy

from ..registry import fault


@fault(clause="NET.stack", category="composition", says="the cotangent passes an activation by")
class ActivationPassedBy(NumPy):
    def hand_back(self, case: Stack, index: int, given: list[Array], dy: Array) -> dict[str, Array]:
        if isinstance(case.layers[index], Activation):
            return {"dx": dy}
        return super().hand_back(case, index, given, dy)


@fault(
    clause="NET.stack",
    category="composition",
    says="gradients taken at a layer's output instead of its input, where the shapes fit",
)
class GradientAtOutput(NumPy):
    def hand_back(self, case: Stack, index: int, given: list[Array], dy: Array) -> dict[str, Array]:
        if given[index].shape == given[index + 1].shape:
            given = [*given[:index], given[index + 1], *given[index + 1 :]]
        return super().hand_back(case, index, given, dy)


@fault(clause="NET.stack", category="composition", says="another mask on the way back")
class AnotherMaskBack(NumPy):
    def hand_back(self, case: Stack, index: int, given: list[Array], dy: Array) -> dict[str, Array]:
        layer = case.layers[index]
        if isinstance(layer, Dropout):
            layers = (*case.layers[:index], replace(layer, seed=layer.seed ^ 1), *case.layers[index + 1 :])
            case = replace(case, layers=layers)
        return super().hand_back(case, index, given, dy)


@fault(clause="NET.stack", category="mode", says="a normalization in the middle infers where it should train")
class TrainingLost(NumPy):
    def hand_on(self, layer: LayerCase, x: Array) -> Outcome:
        return super().hand_on(replace(layer, training=False) if isinstance(layer, BatchNorm) else layer, x)


@fault(clause="NET.stack", category="dtype", says="what is handed on is rounded to float16")
class HandedOnInHalf(NumPy):
    def hand_on(self, layer: LayerCase, x: Array) -> Outcome:
        return super().hand_on(layer, x.astype(np.float16).astype(x.dtype))


@fault(clause="NET.stack", category="dtype", says="what is handed back is rounded to float16")
class HandedBackInHalf(NumPy):
    def hand_back(self, case: Stack, index: int, given: list[Array], dy: Array) -> dict[str, Array]:
        return super().hand_back(case, index, given, dy.astype(np.float16).astype(dy.dtype))


@fault(
    clause="NET.stack",
    category="composition",
    says="the second dense layer's bias gets the gradient of the first one's",
)
class BiasGradientsShared(NumPy):
    def stack(self, case: Stack) -> Outcome:
        outcome = super().stack(case)
        arrays = dict(outcome.arrays)
        biases = [name for name in sorted(arrays) if name.endswith(".dbias")]
        for name in biases[1:]:
            if arrays[name].shape == arrays[biases[0]].shape:
                arrays[name] = arrays[biases[0]].copy()
        return Outcome(arrays, outcome.state)


@fault(clause="NET.stack", category="composition", says="the gradient stops at the first layer")
class StopsAtTheFirstLayer(NumPy):
    def stack(self, case: Stack) -> Outcome:
        outcome = super().stack(case)
        return Outcome(dict(outcome.arrays) | {"dx": np.zeros_like(case.x)}, outcome.state)


@fault(clause="NET.bn-before-activation", category="composition", says="the activation before the normalization")
class ActivationFirst(NumPy):
    def stack(self, case: Stack) -> Outcome:
        dense, norm, activation = case.layers
        swapped = super().stack(replace(case, layers=(dense, activation, norm)))
        names = {"1": "2", "2": "1"}
        return Outcome({names.get(name[0], name[0]) + name[1:]: value for name, value in swapped.arrays.items()})


@fault(clause="NET.bn-before-activation", category="composition", says="statistics held constant on the way back")
class StatisticsConstant(NumPy):
    def input_gradient(self, dx_hat: Array, x_hat: Array, inverse: Array, axes: tuple[int, ...]) -> Array:
        return dx_hat * inverse


@fault(
    clause="NET.bn-before-activation",
    category="composition",
    says="the bias before the normalization left out, for it makes no difference",
)
class BiasFoldedAway(NumPy):
    def hand_on(self, layer: LayerCase, x: Array) -> Outcome:
        return super().hand_on(replace(layer, bias=None) if isinstance(layer, Dense) else layer, x)


@fault(
    clause="NET.bn-before-activation",
    category="composition",
    says="the bias before the normalization gets the normalization's beta gradient",
)
class BiasTakesBeta(NumPy):
    def stack(self, case: Stack) -> Outcome:
        outcome = super().stack(case)
        return Outcome(dict(outcome.arrays) | {"0.dbias": outcome.arrays["1.dbeta"].copy()}, outcome.state)


@fault(
    clause="NET.bn-before-activation",
    category="composition",
    says="normalization folded into the weights with the running statistics",
)
class FoldedWithRunning(NumPy):
    def hand_on(self, layer: LayerCase, x: Array) -> Outcome:
        return super().hand_on(replace(layer, training=False) if isinstance(layer, BatchNorm) else layer, x)


@fault(
    clause="NET.variance-shift", category="composition", says="dropout without its scale: the variance shrinks instead"
)
@fault(clause="NET.expectation", category="composition", says="dropout without its scale")
class DropoutUnscaled(NumPy):
    def dropout_scale(self, rate: float) -> float:
        return 1.0


@fault(
    clause="NET.variance-shift",
    category="composition",
    says="the running variance of what dropout was given, not of what it answered",
)
class LearnsBeforeDropout(NumPy):
    def stack(self, case: Stack) -> Outcome:
        outcome = super().stack(case)
        state = dict(outcome.state)
        if isinstance(case.layers[1], BatchNorm) and case.layers[1].training:
            alone = self.hand_on(case.layers[1], case.x).state
            state |= {f"1.{name}": alone[name] for name in ("running_mean", "running_var")}
        return Outcome(outcome.arrays, state)


@fault(
    clause="NET.variance-shift",
    category="composition",
    says="the rate taken for the probability of keeping, scale and all",
)
@fault(
    clause="NET.expectation",
    category="composition",
    says="the rate taken for the probability of keeping, scale and all",
)
class RateKeeps(NumPy):
    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return super().mask(shape, 1 - rate, seed)


@fault(
    clause="NET.variance-shift", category="composition", says="a normalization before a dropout learns from behind it"
)
class LearnsBehindDropout(NumPy):
    def stack(self, case: Stack) -> Outcome:
        outcome = super().stack(case)
        state = dict(outcome.state)
        if isinstance(case.layers[0], BatchNorm) and isinstance(case.layers[1], Dropout):
            other = self.hand_on(case.layers[0], self.hand_on(case.layers[1], case.x).arrays["y"]).state
            state |= {f"0.{name}": other[name] for name in ("running_mean", "running_var")}
        return Outcome(outcome.arrays, state)


@fault(clause="NET.variance-shift", category="mode", says="inference drops too, and hides the shift")
class InferenceDrops(NumPy):
    def dropout_eval(self, case: Dropout) -> dict[str, Array]:
        return super().dropout_train(replace(case, training=True))


@fault(
    clause="NET.expectation",
    category="scale",
    says="the scale in inference: weights times 1 - rate, as dropout was first published",
)
class ScaleInInference(NumPy):
    def dropout_scale(self, rate: float) -> float:
        return 1.0

    def dropout_eval(self, case: Dropout) -> dict[str, Array]:
        return {name: value * value.dtype.type(1 - case.rate) for name, value in super().dropout_eval(case).items()}


@fault(
    clause="NET.expectation",
    category="composition",
    says="one mask for all samples: what a neuron gets has another distribution",
)
class MaskSharedBySamples(NumPy):
    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return np.broadcast_to(super().mask((1, *shape[1:]), rate, seed), shape)
