"""Hypothesis strategies for layers in a row.

Sizes are few, because every layer costs a compiler each shape of its own. Several samples, so that a batch norm in the
middle has a spread: the corners of one and two values are the layers' own clauses.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from hypothesis import strategies as st

from adapters.base import Activation, BatchNorm, Dense, Dialect, Dropout, LayerCase, LayerNorm, Stack
from conformance.cases import Array, Palette, Shape, _Arrays, composite

#: x of a stack: (*leading, features).
SHAPES: tuple[Shape, ...] = ((4, 3), (2, 3, 4), (17, 4))
#: Neurons of a dense layer.
WIDTHS = (3, 4)
#: What is stacked where each stack is a graph of its own: every kind of layer, beside others than its usual ones.
GRAPHED = (
    ("dense", "batch_norm", "activation", "dropout"),
    ("layer_norm", "activated_dense", "activation"),
    ("batch_norm", "dropout", "layer_norm", "dense"),
)
#: What is between the layers of today's networks: with a kink, without, and over a row.
ACTIVATIONS = ("relu", "tanh", "sigmoid", "silu", "leaky_relu", "elu", "softplus", "softmax")
EPSILONS = (1e-5, 1e-3, 1e-1)
RATES = (0.5, 0.1, 0.25)
#: Of an offset, with and without some digits left of a variance as E[x^2] - E[x]^2.
RATIOS = (1e4, 100.0, 10.0)
#: Numbers that a network meets; those that a single layer alone must bear are in its own clauses.
REGIMES = ("normal", "ramp", "offset", "tiny", "outlier", "zeros", "wide")


Made = TypeVar("Made", bound=LayerCase)


class _Layers:
    """Draws the layers of one stack, each for the shape that the one before it answers."""

    def __init__(self, draw: st.DrawFn, dtype: str, dialect: Dialect) -> None:
        self.draw, self.dialect, self.arrays = draw, dialect, _Arrays(draw, dtype)
        #: Decides what the layers are made with, where it is not drawn.
        self.fixed: random.Random | None = None

    def choose(self, values: Any) -> Any:
        return self.fixed.choice(values) if self.fixed else self.draw(st.sampled_from(values))

    def layer(self, make: Callable[..., Made], shape: Shape, **how: Any) -> Made:
        """A case whose parameters are given by their shapes and regimes, and whose x says no more than its shape."""
        arrays = self.arrays
        arrays.recipe = {"x": f"np.zeros({shape!r}, {arrays.dtype!r})"}
        made = {
            name: arrays.parameter(name, *value) if isinstance(value, tuple) else value for name, value in how.items()
        }
        return make(x=np.zeros(shape, arrays.dtype), recipe=arrays.recipe, **made)

    def dense(self, shape: Shape, activation: str | None = None) -> LayerCase:
        weight = ((self.choose(WIDTHS), shape[-1]),)
        return self.layer(Dense, shape, weight=weight, bias=(weight[0][:1],), activation=activation)

    def activated_dense(self, shape: Shape) -> LayerCase:
        return self.dense(shape, self.choose(("relu", "tanh", "sigmoid")))

    def batch_norm(self, shape: Shape) -> LayerCase:
        axis = self.choose(self.dialect.channel_axes) if len(shape) > 2 else 1
        channels = ((shape[axis],),)
        return self.layer(
            BatchNorm, shape, gamma=channels, beta=channels, running_mean=channels,
            running_var=(*channels, "positive"), eps=self.choose(EPSILONS), momentum=0.5, channel_axis=axis,
            training=True,
        )  # fmt: skip

    def layer_norm(self, shape: Shape) -> LayerCase:
        parameter = (shape[-1:],) if self.dialect.layer_norm_affine else None
        return self.layer(
            LayerNorm, shape, gain=parameter, bias=parameter, eps=self.choose(EPSILONS), normalized_rank=1
        )

    def dropout(self, shape: Shape) -> LayerCase:
        seed = self.draw(st.integers(0, 2**31 - 1))
        return self.layer(Dropout, shape, rate=self.choose(RATES), training=True, seed=seed)

    def activation(self, shape: Shape) -> LayerCase:
        return self.layer(Activation, shape, name=self.choose(ACTIVATIONS))

    def stack(self, shape: Shape, regime: str, makers: Sequence[Callable[[Shape], LayerCase]]) -> Stack:
        layers, handed = [], shape
        for make in makers:
            layers.append(layer := make(handed))
            handed = answered(layer)
        recipe = self.arrays.recipe = {}
        x, dy = self.arrays.tensor("x", shape, regime, RATIOS), self.arrays.tensor("dy", handed)
        return Stack(x=x, layers=tuple(layers), dy=dy, recipe=recipe, regime=regime)


def answered(layer: LayerCase) -> Shape:
    """The shape of what a layer answers."""
    if isinstance(layer, Dense):
        return (*layer.x.shape[:-1], len(layer.weight))
    shape: Shape = layer.x.shape
    return shape


@composite
def stacks(draw: st.DrawFn, dtype: str, dialect: Dialect, *, regime: str, palette: Palette) -> Stack:
    """Two to six layers of any kind, in training."""
    if palette.fresh == "graph":
        number = draw(st.integers(0, len(GRAPHED) - 1))
        layers = _Layers(draw, dtype, dialect)
        layers.fixed = random.Random(f"{palette.seed} {number}")
        return layers.stack(SHAPES[number], regime, [getattr(layers, kind) for kind in GRAPHED[number]])
    layers = _Layers(draw, dtype, dialect)
    kinds = (
        layers.dense, layers.batch_norm, layers.dropout, layers.activation, layers.layer_norm, layers.activated_dense,
    )  # fmt: skip
    makers = draw(st.lists(st.sampled_from(kinds), min_size=2, max_size=6))
    # Where each operation is compiled for each shape, not for one that differs in the number of samples alone.
    return layers.stack(draw(st.sampled_from(SHAPES[:2] if palette.fresh == "shape" else SHAPES)), regime, makers)


@composite
def normalized_neurons(draw: st.DrawFn, dtype: str, dialect: Dialect, *, regime: str, palette: Palette) -> Stack:
    """Dense, batch norm, activation; of rank 2, so that every layout of channels is the same."""
    layers = _Layers(draw, dtype, dialect)
    shape = draw(st.sampled_from([shape for shape in SHAPES if len(shape) == 2]))
    if palette.fresh == "graph":
        layers.fixed = random.Random(f"{palette.seed} {shape}")
    return layers.stack(shape, regime, [layers.dense, layers.batch_norm, layers.activation])


def given(case: Stack, outputs: dict[str, Array], index: int) -> Array:
    """What the layer of that index was handed by a subject that answered ``outputs``."""
    return case.x if index == 0 else outputs[f"{index - 1}.y"]
