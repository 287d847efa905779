"""Hypothesis strategies: configurations, shapes and numeric regimes, as the cases that adapters are asked.

Hypothesis draws structure. Tensors of at most 16 elements are drawn element by element, so that they shrink; longer
ones are filled from a drawn seed. Shapes come from a palette that is made once per run, because a fresh shape costs a
compiler up to half a second and a repeated one nothing.
"""

from __future__ import annotations

import functools
import math
import random
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

import numpy as np
from hypothesis import strategies as st

from adapters.base import (
    Activation,
    BatchNorm,
    Dense,
    Dialect,
    Dropout,
    LayerNorm,
    dtype_of,
    parameter_dtype,
    tensor_dtype,
)
from conformance import regimes
from conformance.bounded import format_of

Array = np.ndarray[Any, np.dtype[Any]]
Shape = tuple[int, ...]
Arguments = ParamSpec("Arguments")
Drawn = TypeVar("Drawn")
Choice = TypeVar("Choice")

#: Tensors of at most so many elements are drawn element by element.
DRAWN_SINGLY = 16
#: Regimes of a layer that squares its input.
SQUARED = ("normal", "offset", "ramp", "constant", "tiny", "huge", "outlier", "subnormal", "zeros", "wide")
#: Regimes of a layer that multiplies its input once.
LINEAR = ("normal", "ramp", "tiny", "outlier", "subnormal", "zeros", "wide")
#: Regimes of an elementwise function: no mean that could be large, and nothing is squared.
ELEMENTWISE = ("normal", "landmarks", "ramp", "tiny", "huge", "extreme", "subnormal", "zeros", "wide")

#: The strata that 16-bit subjects are asked: normal data, what only fewer bits or a narrower range make hard, and what
#: a clause has alone. The others tell layers apart, not dtypes.
SIXTEEN_BIT = frozenset(
    "normal offset huge subnormal wide landmarks extreme positive hundreds largest smallest".split()
)

_RATIOS = (1e4, 1e2, 1e3, 10.0, 1e5)
_EPSILONS = (1e-5, 1e-3, 1e-1, 1e-7, 1e-12)
#: The last ones move statistics not at all, all the way, and by a count.
_MOMENTA = (0.1, 0.9, 0.99, 0.5, 0.25, 0.0, 1.0, None)


#: Strategies that every case draws from are made once: Hypothesis looks through each new one.
_SEEDS = st.integers(0, 2**16 - 1)
_NUMBERS = st.binary(min_size=2 * DRAWN_SINGLY, max_size=2 * DRAWN_SINGLY)
_sampled = functools.cache(st.sampled_from)


def composite(
    draw: Callable[Concatenate[st.DrawFn, Arguments], Drawn],
) -> Callable[Arguments, st.SearchStrategy[Drawn]]:
    """``st.composite``, and the same object for the same arguments: who draws from it again knows what it makes."""
    return functools.lru_cache(maxsize=512, typed=True)(st.composite(draw))  # type: ignore[return-value]


class _Arrays:
    """Makes the arrays of one case, and notes how the long ones were made.

    One seed and one string of bytes are drawn for all of them: Hypothesis repeats parts of a case that look alike, and
    would spend most of its examples on it.
    """

    def __init__(self, draw: st.DrawFn, dtype: str) -> None:
        self.draw, self.recipe = draw, dict[str, str]()
        self.dtype, self.held = tensor_dtype(dtype), parameter_dtype(dtype)
        self._seed = draw(_SEEDS)
        self._numbers = draw(_NUMBERS)

    def tensor(self, name: str, shape: Shape, regime: str = "normal", ratios: Sequence[float] = _RATIOS) -> Array:
        """An input or a cotangent. ``ratios``: what the mean of an offset may be in deviations."""
        parameters = {"ratio": self.draw(st.sampled_from(ratios))} if regime == "offset" else {}
        size = math.prod(shape)
        if size > DRAWN_SINGLY:
            return self._filled(name, shape, regime, self.dtype, **parameters)
        z = regimes.variates(self._numbers[:size], shape)
        self._numbers = self._numbers[size:]
        return regimes.apply(regime, z, self.dtype, **parameters)

    def parameter(self, name: str, shape: Shape, regime: str = "normal") -> Array:
        """A learnable parameter: always from the seed, so that no two entries are the same and none shrinks to zero."""
        return self._filled(name, shape, regime, self.held)

    def _filled(self, name: str, shape: Shape, regime: str, dtype: str, **parameters: float) -> Array:
        self._seed += 1
        if math.prod(shape) > DRAWN_SINGLY:
            arguments = "".join(f", {key}={value!r}" for key, value in parameters.items())
            self.recipe[name] = f"fill({regime!r}, {shape!r}, seed={self._seed}, dtype={dtype!r}{arguments})"
        return regimes.fill(regime, shape, self._seed, dtype, **parameters)


@dataclass(frozen=True)
class Palette:
    """What a run's shapes, and a layer's settings, are drawn from."""

    seed: int = 0
    #: What costs the subject a compilation, see ``Adapter.compiles``.
    fresh: Literal["shape", "configuration", "graph"] | None = None

    def shapes(self, operation: str) -> st.SearchStrategy[Shape]:
        if self.fresh is None:
            return _sampled(palette(operation, self.seed))
        return _sampled(self.warm(operation))

    def warm(self, operation: str) -> tuple[Shape, ...]:
        """The shapes of an operation where a fresh one is compiled."""
        return {"graph": GRAPHED, "configuration": COMPILED}.get(self.fresh or "", WARM)[operation]

    @property
    def settled(self) -> bool:
        """Whether each setting of a layer is compiled anew: then few of them are asked."""
        return self.fresh in ("configuration", "graph")

    def ranked(self, shapes: tuple[Shape, ...], operation: str) -> tuple[Shape, ...]:
        """The shapes; where each rank is a graph of its own, those of the ranks that are asked anyway."""
        ranks = {len(shape) for shape in GRAPHED[operation]}
        return tuple(shape for shape in shapes if self.fresh != "graph" or len(shape) in ranks)

    def few(self, choices: Sequence[Choice], *places: int) -> Sequence[Choice]:
        """The choices; where each is a graph of its own, those in ``places``."""
        return tuple(choices[place] for place in places) if self.fresh == "graph" else choices

    def few_numbers(self, choices: Sequence[Choice], *places: int) -> Sequence[Choice]:
        """The choices; where numbers are compiled into a program, those in ``places``."""
        return tuple(choices[place] for place in places) if self.settled else choices


class _Settings:
    """What a layer is made with. Where each configuration costs a compilation the shape decides, so that they are few
    and the same in every regime and clause.
    """

    def __init__(self, draw: st.DrawFn, palette: Palette, shape: Shape) -> None:
        self._draw = draw
        # A graph serves all shapes of a rank, as long as the layer is the same.
        by_shape = random.Random(f"{palette.seed} {len(shape) if palette.fresh == 'graph' else shape}")
        self._fixed = by_shape if palette.settled else None
        self._axes = by_shape if palette.fresh else None

    def choose(self, values: Sequence[Choice]) -> Choice:
        return self._fixed.choice(values) if self._fixed else self._draw(_sampled(values))

    def axis(self, values: Sequence[Choice]) -> Choice:
        """As ``choose``, where another choice is another shape to a compiler."""
        return self._axes.choice(values) if self._axes else self._draw(_sampled(values))

    def mostly(self, of: int = 8) -> bool:
        """True but for one in so many; always true where it is fixed: clauses of their own ask without."""
        return self._fixed is not None or self._draw(st.integers(0, of - 1)) < of - 1


#: The shapes where each is compiled: every rank, one value beside several, a vector's body and its tail.
WARM: dict[str, tuple[Shape, ...]] = {
    "batch_norm": ((2, 2, 3), (2, 3, 2, 2), (2, 2, 1, 2, 2), (17, 4)),
    "layer_norm": ((2, 3), (3, 17), (2, 2, 3, 4)),
    "dense": ((2, 2), (2, 3, 2), (4, 17, 3)),
    "dropout": ((2, 3), (17,), (33, 31)),
    "elementwise": ((2, 4), (17,), (33, 8)),
}
#: The shapes where a layer is compiled whole: fewer of the operations whose eager sibling is asked the others. 33
#: elements are what kinks and special values are asked in too.
COMPILED: dict[str, tuple[Shape, ...]] = WARM | {
    "layer_norm": ((3, 17), (2, 2, 3, 4)),
    "dense": ((2, 3, 2), (4, 17, 3)),
    "dropout": ((2, 3), (33, 31)),
    "elementwise": ((33,), (33, 8)),
}
#: The shapes where a graph serves all sizes of a rank, and parameters are of one size: two ranks of each operation, and
#: in each a vector's body and its tail.
GRAPHED: dict[str, tuple[Shape, ...]] = WARM | {
    "batch_norm": ((2, 2), (2, 3, 2, 2), (17, 2), (5, 3, 7, 5)),
    "layer_norm": ((2, 3), (2, 2, 3, 4), (3, 17)),
}


@functools.cache
def palette(operation: str, seed: int = 0, extra: int = 2) -> tuple[Shape, ...]:
    """The shapes of a run, simplest first: corners that must be there, and ``extra`` that the run's seed makes up.

    batch_norm: (samples, channels, *space); layer_norm: (*samples, *normalized) with ranks 1 to 4; dense: (*leading,
    inputs, neurons); dropout and activations: any.
    """
    corners: dict[str, tuple[Shape, ...]] = {
        "batch_norm": (
            (2, 1), (2, 2), (2, 2, 3), (1, 2, 5), (2, 3, 2, 2), (2, 2, 1, 2, 2), (17, 4), (5, 3, 7), (64, 3, 5, 5),
        ),
        "layer_norm": ((2,), (2, 3), (2, 1, 5), (2, 3, 3), (3, 17), (2, 2, 3, 4), (5, 64), (3, 1100)),
        "dense": ((1, 1), (2, 2), (2, 3, 2), (3, 4, 4), (2, 2, 3, 5), (4, 17, 3), (2, 1100, 2)),
        "dropout": ((1,), (2, 3), (17,), (2, 3, 4, 5), (33, 31)),
        "elementwise": ((1,), (2, 4), (17,), (33, 8)),
    }  # fmt: skip
    random = np.random.default_rng(seed)
    made = []
    for _ in range(extra):
        rank = int(random.integers(2, 6 if operation == "batch_norm" else 5))
        shape = [int(size) for size in random.integers(1, 9, size=rank)]
        shape[0] += 1  # at least two samples: one value a channel has clauses of its own
        if operation == "elementwise":
            shape[-1] *= 2  # glu halves it
        made.append(tuple(shape))
    return (*corners[operation], *sorted(made, key=math.prod))


def _channels_to(shape: Shape, axis: int) -> Shape:
    return shape if axis == 1 else (shape[0], *shape[2:], shape[1])


@composite
def batch_norms(
    draw: st.DrawFn,
    dtype: str,
    dialect: Dialect,
    *,
    regime: str,
    training: bool,
    gradient: bool = False,
    palette: Palette = Palette(),
    among: tuple[Shape, ...] = (),
) -> BatchNorm:
    """Batch normalization with at least two values a channel, or of the shapes ``among``, channels second."""
    plain = draw(_sampled(palette.ranked(among, "batch_norm")) if among else palette.shapes("batch_norm"))
    settings = _Settings(draw, palette, plain)
    axis = settings.axis(dialect.channel_axes) if len(plain) > 2 else 1
    shape, channels = _channels_to(plain, axis), plain[1]
    arrays = _Arrays(draw, dtype)
    affine = settings.mostly()
    return BatchNorm(
        x=arrays.tensor("x", shape, regime),
        gamma=arrays.parameter("gamma", (channels,)) if affine else None,
        beta=arrays.parameter("beta", (channels,)) if affine else None,
        running_mean=arrays.parameter("running_mean", (channels,)),
        running_var=arrays.parameter("running_var", (channels,), "positive"),
        eps=settings.choose(_EPSILONS),
        momentum=settings.choose(palette.few(_MOMENTA, 0, 1, 2, 3, 4)),
        channel_axis=axis,
        training=training,
        dy=arrays.tensor("dy", shape) if gradient else None,
        recipe=arrays.recipe,
        regime=regime,
    )


@composite
def layer_norms(
    draw: st.DrawFn,
    dtype: str,
    dialect: Dialect,
    *,
    regime: str,
    shape: Shape | None = None,
    rank: int | None = None,
    affine: bool | None = None,
    gradient: bool = False,
    palette: Palette = Palette(),
) -> LayerNorm:
    """Layer normalization over one or more trailing axes, with at least one sample axis where the rank allows it."""
    shape = draw(palette.shapes("layer_norm")) if shape is None else shape
    settings = _Settings(draw, palette, shape)
    rank = settings.axis(range(1, max(2, len(shape)))) if rank is None else rank
    arrays = _Arrays(draw, dtype)
    affine = dialect.layer_norm_affine and (settings.mostly() if affine is None else affine)
    return LayerNorm(
        x=arrays.tensor("x", shape, regime),
        gain=arrays.parameter("gain", shape[-rank:]) if affine else None,
        bias=arrays.parameter("bias", shape[-rank:]) if affine else None,
        eps=settings.choose(_EPSILONS),
        normalized_rank=rank,
        dy=arrays.tensor("dy", shape) if gradient else None,
        recipe=arrays.recipe,
        regime=regime,
    )


@composite
def long_batch_norms(draw: st.DrawFn, dtype: str, dialect: Dialect, *, regime: str, cotangent: str) -> BatchNorm:
    """Batch normalization in training over some thousand values a channel."""
    plain = draw(st.sampled_from(((3000, 2), (48, 2, 8, 8))))
    shape = _channels_to(plain, draw(st.sampled_from(dialect.channel_axes)) if len(plain) > 2 else 1)
    arrays = _Arrays(draw, dtype)
    return BatchNorm(
        x=arrays.tensor("x", shape, regime),
        gamma=arrays.parameter("gamma", (2,)),
        beta=arrays.parameter("beta", (2,)),
        running_mean=arrays.parameter("running_mean", (2,)),
        running_var=arrays.parameter("running_var", (2,), "positive"),
        eps=1e-5,
        momentum=draw(st.sampled_from((0.5, 0.9, 0.1))),
        channel_axis=1 if shape == plain else -1,
        training=True,
        dy=arrays.tensor("dy", shape, cotangent),
        recipe=arrays.recipe,
        regime=regime,
    )


@composite
def long_layer_norms(draw: st.DrawFn, dtype: str, dialect: Dialect, *, regime: str, cotangent: str) -> LayerNorm:
    """Layer normalization over some thousand features, or of some thousand samples."""
    shape = draw(st.sampled_from(((3000, 4), (2, 3000))))
    arrays = _Arrays(draw, dtype)
    affine = dialect.layer_norm_affine
    return LayerNorm(
        x=arrays.tensor("x", shape, regime),
        gain=arrays.parameter("gain", shape[1:]) if affine else None,
        bias=arrays.parameter("bias", shape[1:]) if affine else None,
        eps=1e-5,
        normalized_rank=1,
        dy=arrays.tensor("dy", shape, cotangent),
        recipe=arrays.recipe,
        regime=regime,
    )


#: Drop rates from one in a thousand to all but one in a thousand.
RATES = (0.5, 0.1, 0.25, 0.3, 0.9, 0.001, 0.999)


@composite
def dropouts(
    draw: st.DrawFn,
    dtype: str,
    *,
    training: bool,
    regime: str = "positive",
    rate: float | None = None,
    shape: Shape | None = None,
    gradient: bool = False,
    palette: Palette = Palette(),
) -> Dropout:
    """Dropout; where the mask matters, no element of x or dy is zero, so that it shows in what comes out."""
    shape = draw(palette.shapes("dropout")) if shape is None else shape
    settings = _Settings(draw, palette, shape)
    arrays = _Arrays(draw, dtype)
    return Dropout(
        x=arrays.tensor("x", shape, regime),
        rate=settings.choose(RATES) if rate is None else rate,
        training=training,
        seed=draw(st.integers(0, 2**31 - 1)),
        dy=arrays.tensor("dy", shape, "positive") if gradient else None,
        recipe=arrays.recipe,
        regime=regime,
    )


@composite
def denses(draw: st.DrawFn, dtype: str, *, regime: str, gradient: bool = False, palette: Palette = Palette()) -> Dense:
    """A layer of neurons: x of shape (*leading, inputs), with and without bias and activation."""
    *leading, inputs, neurons = shape = draw(palette.shapes("dense"))
    settings = _Settings(draw, palette, shape)
    arrays = _Arrays(draw, dtype)
    return Dense(
        x=arrays.tensor("x", (*leading, inputs), regime),
        weight=arrays.parameter("weight", (neurons, inputs)),
        bias=arrays.parameter("bias", (neurons,)) if settings.mostly(5) else None,
        activation=settings.choose((None, "relu", "tanh", "sigmoid")),
        dy=arrays.tensor("dy", (*leading, neurons)) if gradient else None,
        recipe=arrays.recipe,
        regime=regime,
    )


@composite
def whole_denses(draw: st.DrawFn, dtype: str, *, palette: Palette = Palette()) -> Dense:
    """Neurons with a bias, of small whole numbers: every product and sum is exact, in any order, and stays so when 64
    is added to a bias.
    """
    *leading, inputs, neurons = draw(palette.shapes("dense"))
    dtypes = {"x": tensor_dtype(dtype), "dy": tensor_dtype(dtype)}
    chosen = draw(st.integers(0, 2**16 - 1))
    shapes_of = {"x": (*leading, inputs), "weight": (neurons, inputs), "bias": (neurons,), "dy": (*leading, neurons)}
    # Whole numbers up to 1/u are exact: in 16 bits the terms are fewer, or smaller.
    room = int(1 / format_of(tensor_dtype(dtype)).roundoff) - 64
    top = 4 if max(16 * inputs + 4, 4 * math.prod(leading)) <= room else 1
    every = -(-inputs // (room - 1)) if top == 1 else 1
    made, recipe = {}, {}
    for index, (name, shape) in enumerate(shapes_of.items()):
        held = dtypes.get(name, parameter_dtype(dtype))
        value = np.random.default_rng([chosen, index]).integers(-top, top + 1, shape)
        written = f"np.random.default_rng([{chosen}, {index}]).integers({-top}, {top + 1}, {shape!r})"
        if name == "x" and every > 1:
            value = value * (np.arange(inputs) % every == 0)
            written = f"({written} * (np.arange({inputs}) % {every} == 0))"
        made[name] = value.astype(dtype_of(held))
        if math.prod(shape) > DRAWN_SINGLY:
            recipe[name] = f"{written}.astype({held!r})"
    return Dense(**made, recipe=recipe, regime="whole numbers")  # type: ignore[arg-type]


#: Parameters that an activation takes, and what they are drawn from.
PARAMETERS: dict[str, dict[str, tuple[float, ...]]] = {
    "leaky_relu": {"negative_slope": (0.01, 0.2, 0.3)},
    "elu": {"alpha": (1.0, 0.5, 0.3)},
    "celu": {"alpha": (1.0, 0.5, 0.3)},
}


@composite
def activations(
    draw: st.DrawFn,
    name: str,
    dtype: str,
    *,
    regime: str,
    gradient: bool = False,
    palette: Palette = Palette(),
    among: tuple[Shape, ...] = (),
) -> Activation:
    """One activation, with its parameters; of the shapes ``among``, where there are any."""
    shape = draw(_sampled(among) if among else palette.shapes("elementwise"))
    settings = _Settings(draw, palette, shape)
    if name == "glu":
        shape = (*shape[:-1], shape[-1] + shape[-1] % 2)
    arrays = _Arrays(draw, dtype)
    x = arrays.tensor("x", shape, regime)
    alpha = None
    if name == "prelu":
        slopes = shape[1] if len(shape) > 1 and settings.choose((False, True)) else 1
        alpha = arrays.parameter("alpha", (slopes,))
    return Activation(
        name=name,
        x=x,
        parameters={key: settings.choose(values) for key, values in PARAMETERS.get(name, {}).items()},
        alpha=alpha,
        dy=arrays.tensor("dy", shape if name != "glu" else (*shape[:-1], shape[-1] // 2)) if gradient else None,
        recipe=arrays.recipe,
        regime=regime,
    )


#: Fields that few clauses ask for: told where they are not as usual.
UNUSUAL = ("recomputed", "lanes", "layer", "globally", "foreign")


def describe(case: Any) -> str:
    """The case as Python that makes it again, given ``from adapters.base import *`` and ``from
    conformance.regimes import fill``; a comment says where NumPy knows the dtype by another import alone.
    """
    parts = []
    for name, declared in case.__dataclass_fields__.items():
        value = getattr(case, name)
        if name in UNUSUAL and value == declared.default:
            continue
        if name in ("recipe", "regime") or (name in ("tangents", "ddx") and (value is None or not len(value))):
            continue
        if name == "tangents":
            text = (
                "{"
                + ", ".join(
                    f"{key!r}: {case.recipe.get(f't{key}') or literal(tangent)}" for key, tangent in value.items()
                )
                + "}"
            )
        elif name == "layers":
            text = "(" + "".join(f"{describe(layer)}, " for layer in value) + ")"
        elif isinstance(value, np.ndarray):
            text = case.recipe.get(name) or literal(value)
        else:
            text = repr(dict(value)) if isinstance(value, dict) else repr(value)
            if isinstance(value, float) and not math.isfinite(value):
                text = f"float({text!r})"
        parts.append(f"{name}={text}")
    comment = "  # import ml_dtypes" if any(value.dtype.name == "bfloat16" for _, value in case.arrays()) else ""
    return f"{type(case).__name__}({', '.join(parts)}){comment}"


def literal(value: Array) -> str:
    """The array as Python that makes it again."""
    if value.size == 0 and value.shape != (0,):
        return f"np.empty({value.shape}, {value.dtype.name!r})"
    with np.printoptions(threshold=sys.maxsize, floatmode="unique", linewidth=sys.maxsize):
        numbers = np.array2string(value, separator=", ").replace("\n", "")
    return f"np.array({re.sub('nan|inf', lambda word: 'np.' + word[0], numbers)}, {value.dtype.name!r})"
