"""What the suite asks and what an adapter must answer, in NumPy terms alone.

A *case* is one question: the configuration of one layer and the arrays that go in. An *adapter* puts the question to
one framework through its public API and brings back an *outcome*: arrays, nothing judged, nothing computed on the way.
What the framework does not offer raises :class:`Unsupported`.

Adapters import nothing of ``conformance`` and ``reference``, and import their framework only when they are asked.
"""

from __future__ import annotations

import abc
import functools
import importlib
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from importlib import metadata
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

#: The axes of a subject, in the order in which they are written.
AXES = ("backend", "api", "mode", "device", "dtype")


_EMPTY: Mapping[str, Any] = MappingProxyType({})

#: The dtypes that are computed in float32 at least: a tensor of theirs is stored, and no sum is kept, in 16 bits.
SIXTEEN_BITS = ("float16", "bfloat16")
#: Mixed precision, under Keras's names -> the dtype of x and y; parameters and statistics are float32.
MIXED: Mapping[str, str] = MappingProxyType({f"mixed_{name}": name for name in SIXTEEN_BITS})


def tensor_dtype(dtype: str) -> str:
    """What x, y and dy are stored in, given a subject's dtype."""
    return MIXED.get(dtype, dtype)


def parameter_dtype(dtype: str) -> str:
    """What parameters, statistics and their gradients are stored in, given a subject's dtype."""
    return "float32" if dtype in MIXED else dtype


def dtype_of(name: str) -> np.dtype[Any]:
    """NumPy's dtype of that name. It knows bfloat16 once ml_dtypes is imported."""
    if name == "bfloat16":
        importlib.import_module("ml_dtypes")
    return np.dtype(name)


@functools.cache
def name_of(dtype: np.dtype[Any]) -> str:
    """``dtype.name``, which NumPy puts together anew each time."""
    return dtype.name


def dtype_missing(name: str) -> str | None:
    """Why no array of that dtype can be made here, with the pip line that mends it; None where it can."""
    if tensor_dtype(name) == "bfloat16" and importlib.util.find_spec("ml_dtypes") is None:
        return "ml_dtypes not installed: python -m pip install ml_dtypes"
    return None


class Unsupported(Exception):  # noqa: N818 - it is no error of anybody
    """The framework does not offer what the case asks for; the message says what."""


@dataclass(frozen=True, order=True)
class Subject:
    """What is asked: one way into one framework, e.g. ``backend=torch api=nn mode=eager device=cpu dtype=float32``."""

    backend: str
    api: str
    mode: str = "eager"
    device: str = "cpu"
    dtype: str = "float32"

    def __str__(self) -> str:
        return " ".join(f"{axis}={value}" for axis, value in self.axes().items())

    @property
    def id(self) -> str:
        """The subject as it stands in a pytest id, its axes joined by hyphens."""
        return str(self).replace(" ", "-")

    def axes(self) -> dict[str, str]:
        return {axis: getattr(self, axis) for axis in AXES}


@dataclass(frozen=True)
class Dialect:
    """What the frameworks legitimately choose differently: declared here by the adapter, verified by the suite."""

    #: Whether ``momentum`` weighs the new batch statistic, r <- (1-m) r + m s, or the old running one,
    #: r <- m r + (1-m) s.
    momentum: Literal["new", "old"] = "new"
    #: What the sum of squares is divided by in the variance that goes into the running statistics.
    running_var_divisor: Literal["n", "n-1"] = "n"
    #: Dropout with rate 1: answered (zeros) or refused with an error.
    rate_one: Literal["zeros", "refused"] = "zeros"
    #: What dropout makes of a NaN or an infinity that it drops: 0 (selected) or NaN (multiplied by zero).
    dropped_special: Literal["zero", "nan"] = "zero"
    #: What two dropout layers of one model draw that were given one seed: masks of their own, or the same. (After a
    #: global seed every two have their own.)
    one_seed: Literal["independent", "same"] = "independent"
    #: The modes in which a seed gives another mask than eagerly, as documented or for want of a promise.
    own_masks: tuple[str, ...] = ()
    #: The modes in which a seed is compiled in, so that another one is another program.
    compiled_seeds: tuple[str, ...] = ()
    #: Where batch norm may have its channels in an input of rank above 2: 1 (first), -1 (last).
    channel_axes: tuple[int, ...] = (1, -1)
    #: Whether layer norm can have a gain and a bias.
    layer_norm_affine: bool = True


@dataclass(frozen=True, eq=False, kw_only=True)
class Case:
    """One question. Arrays are read-only; ``recipe`` says how a long array was made, so that it prints in a line.

    Besides ``y`` a case may ask for derivatives: ``dy`` (a cotangent of y) for the gradients; ``tangents`` (a direction
    for x and for some or all parameters, by their names) for ``ty``, the derivative of y in that direction by the
    framework's forward mode; ``ddx`` (a cotangent of dx) for ``dxx``, the gradient of <dx, ddx> with respect to x, and
    ``dxy``, the one with respect to dy. Where an api has no such mode it raises :class:`Unsupported`.
    """

    #: ndarray field -> the Python expression that makes it
    recipe: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: The numeric regime that the main input was drawn from.
    regime: str = "given"
    #: array field -> its tangent, of the same shape and dtype
    tangents: Mapping[str, Array] = field(default_factory=dict)
    ddx: Array | None = None  #: cotangent of dx, shape of x
    #: Whether x is of another dtype than the subject's on purpose: the layer is the subject's all the same.
    foreign: bool = False

    def arrays(self) -> Iterator[tuple[str, Array]]:
        """Name and value of every array in the case."""
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray):
                yield item.name, value

    def __post_init__(self) -> None:
        for value in (*dict(self.arrays()).values(), *self.tangents.values()):
            value.flags.writeable = False


@dataclass(frozen=True, eq=False, kw_only=True)
class BatchNorm(Case):
    """Batch normalization of ``x``.

    Answers ``y``, gradients ``dx dgamma dbeta``, state ``running_mean running_var gamma beta x``.

    ``momentum`` is handed to the framework as it is, in the framework's own convention (see :class:`Dialect`); ``None``
    asks for cumulative averaging. ``running_mean``/``running_var`` of ``None`` mean that no statistics are tracked.
    """

    x: Array  #: rank 2 to 5
    gamma: Array | None  #: [C]
    beta: Array | None  #: [C]
    running_mean: Array | None  #: [C]
    running_var: Array | None  #: [C]
    eps: float
    momentum: float | None
    channel_axis: int  #: 1 (channels first) or -1 (channels last)
    training: bool
    dy: Array | None = None  #: cotangent of y, shape of x; None asks for no gradients


#: What can be done with a layer of batch norm that has a state. "train" and "eval" call it with a batch; "empty" is a
#: call in training with a batch of no samples, which may be refused; "save" keeps its state, "load" puts what was kept
#: last (at first: the state that it was made with) back into it, "revive" into a new layer, which takes its place;
#: "reset" gives it the statistics of a new layer: mean 0, variance 1, no batch counted.
STEPS = ("train", "eval", "empty", "save", "load", "revive", "reset")


@dataclass(frozen=True, eq=False, kw_only=True)
class BatchNormSteps(Case):
    """One layer of batch normalization and what is done with it, step by step; fields as in :class:`BatchNorm`.

    Answers, a row a step: ``y``, of a call with a batch, else zeros; ``running_mean running_var``, after the step.
    """

    x: Array  #: [batches, ...]: batches of rank 2 to 5, all of one shape
    gamma: Array | None  #: [C]
    beta: Array | None  #: [C]
    running_mean: Array  #: [C]
    running_var: Array  #: [C]
    eps: float
    momentum: float | None
    channel_axis: int  #: of a batch
    steps: tuple[tuple[str, int], ...]  #: one of STEPS, and the batch that it is called with

    @property
    def layer(self) -> BatchNorm:
        """What the layer is made for, and with."""
        return BatchNorm(
            x=self.x[0].copy(),
            gamma=self.gamma,
            beta=self.beta,
            running_mean=self.running_mean,
            running_var=self.running_var,
            eps=self.eps,
            momentum=self.momentum,
            channel_axis=self.channel_axis,
            training=True,
            regime=self.regime,
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class LayerNorm(Case):
    """Layer normalization over the ``normalized_rank`` trailing axes; answers ``y``, ``dx dgain dbias``."""

    x: Array
    gain: Array | None  #: x.shape[-normalized_rank:]
    bias: Array | None  #: x.shape[-normalized_rank:]
    eps: float
    normalized_rank: int
    training: bool = True
    dy: Array | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Dropout(Case):
    """Dropout with drop rate ``rate``; answers ``y``, ``dx`` and state ``x``, where the api has one to show.

    One case is a fresh layer, seeded, and one call; with ``call`` = k the answer is that of the k-th call in a row.
    With ``shared`` whole slices of x are dropped or kept: asked of the layer or function that takes axes or the shape
    of its mask (``broadcast_dims``, ``noise_shape``), or with ``features`` of the one that is made to drop features
    (``Dropout2d``, ``SpatialDropout2D``).
    """

    x: Array
    rate: float
    training: bool
    seed: int  #: 0 <= seed < 2**31
    dy: Array | None = None
    call: int = 1
    shared: tuple[int, ...] = ()  #: the axes of x along which the mask is one
    features: bool = False
    noise_shape: tuple[int, ...] | None = None  #: a shape of the mask that is asked for as it is, right or wrong
    recomputed: bool = False  #: the gradient runs the forward pass again (checkpointing)
    #: The first axis of x is mapped over (vmap): each lane is a call, and the answer that of all. Each draws for
    #: itself, or one draw serves all of them, where ``shared`` has axis 0.
    lanes: bool = False
    unsaid: bool = False  #: of lanes: nobody says whether they draw together
    #: Which of so many dropout layers of one model answers, all made with the one seed, each of them called with x.
    layer: int = 1
    globally: bool = False  #: the framework's global generator is seeded, and the layer given no seed of its own

    @property
    def mask_shape(self) -> tuple[int, ...]:
        """The shape of the mask, which is spread over x: 1 along the shared axes."""
        if self.noise_shape is not None:
            return self.noise_shape
        return tuple(1 if axis in self.shared else size for axis, size in enumerate(self.x.shape))

    @property
    def shared_in_lane(self) -> tuple[int, ...]:
        """The axes of what one call gets along which its mask is one."""
        return tuple(axis - 1 for axis in self.shared if axis) if self.lanes else self.shared


@dataclass(frozen=True, eq=False, kw_only=True)
class DropoutCount(Case):
    """How many elements dropout keeps of a tensor that is ``x`` everywhere; answers ``kept``, int64 of shape
    [len(rates)].

    The tensor is made where the framework computes, and counted there by the framework: of a mask of a billion elements
    one number travels. Asked is a model of as many dropout layers as there are rates, each called with that tensor, so
    that what is compiled is compiled once. Under vmap the lanes are the two halves of the tensor.
    """

    x: Array  #: shape []; not 0
    shape: tuple[int, ...]  #: the first size is even
    rates: tuple[float, ...]
    seed: int  #: 0 <= seed < 2**31; where a layer has a seed of its own, that of the k-th is by k larger

    @property
    def layers(self) -> tuple[Dropout, ...]:
        """The calls that are counted; their x stands for the whole tensor."""
        seeds = ((self.seed + place) % 2**31 for place in range(len(self.rates)))
        return tuple(
            Dropout(x=self.x, rate=rate, training=True, seed=seed) for rate, seed in zip(self.rates, seeds, strict=True)
        )

    @property
    def halves(self) -> tuple[int, ...]:
        """The shape of the tensor with its lanes on an axis of their own."""
        return (2, self.shape[0] // 2, *self.shape[1:])


@dataclass(frozen=True, eq=False, kw_only=True)
class DropoutKin(Case):
    """A kin of dropout: one fresh layer or function, seeded, and one call; answers ``y`` and ``dx``.

    ``alpha_dropout`` and ``gaussian_dropout`` are layers. ``attention_dropout`` is a dot-product attention whose
    queries and keys are all 0, so that every weight is 1/n, and x its values: each weight is dropped for itself.
    """

    kind: str  #: one of KIN
    x: Array  #: attention: [batch, n, features]
    rate: float
    training: bool
    seed: int  #: 0 <= seed < 2**31
    dy: Array | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Dense(Case):
    """A layer of neurons, y = phi(W x + b); answers ``y``, ``dx dweight dbias``, however the framework stores them."""

    x: Array  #: [..., in]
    weight: Array  #: [out, in]
    bias: Array | None  #: [out]
    activation: str | None = None  #: a parameterless activation (relu, tanh, sigmoid), or None for the identity
    dy: Array | None = None  #: [..., out]


@dataclass(frozen=True, eq=False, kw_only=True)
class Activation(Case):
    """One activation; answers ``y``, ``dx`` and, for prelu, ``dalpha``.

    ``parameters`` holds the plain numbers that the activation takes, under the names that :mod:`reference.activations`
    gives them.
    """

    name: str
    x: Array
    parameters: Mapping[str, Any] = field(default_factory=dict)
    alpha: Array | None = None  #: prelu only: the learnable slope, shape [1] or [x.shape[1]]
    dy: Array | None = None


#: What a stack is made of.
LayerCase = BatchNorm | LayerNorm | Dropout | Dense | Activation


@dataclass(frozen=True, eq=False, kw_only=True)
class Stack(Case):
    """Layers in a row: the first is asked ``x``, every other one what the layer before it answers.

    The ``x`` of a layer says shape and dtype alone and its ``dy`` is None; each has its own parameters and says for
    itself whether it trains. Answers ``y``, ``0.y``, ``1.y``, ... of every layer, ``dx`` and the gradients of the
    parameters, ``0.dweight``, ``1.dgamma``, ...; state ``1.running_mean`` and so on. Where several layers draw random
    numbers from one generator it is seeded with the first one's ``seed``.
    """

    x: Array
    layers: tuple[LayerCase, ...]
    dy: Array | None = None  #: cotangent of what the last layer answers


def counterpart(case: Case, answer: str) -> Array | None:
    """The array of a case that an answer has the shape and the dtype of: dx that of x, running_mean its own, y ..."""
    for name in (answer, answer.removeprefix("d")):
        value = getattr(case, name, None)
        if isinstance(value, np.ndarray):
            return value
    return None


def eager_dropout(case: Case, mode: str) -> None:
    """Unsupported for a dropout that is asked across lanes, which are of vmap, or as one of several layers where it is
    traced or mapped.
    """
    if isinstance(case, Dropout) and case.lanes and mode != "vmap":
        raise Unsupported(f"lanes in mode {mode}: they are of vmap")
    if isinstance(case, Dropout) and case.layer > 1 and mode != "eager":
        raise Unsupported(f"one of several dropout layers in mode {mode}")


def first_order(case: Case) -> None:
    """Unsupported for a case that asks for a tangent or a second derivative."""
    if case.tangents or case.ddx is not None:
        raise Unsupported("forward mode and second derivatives")


@dataclass(frozen=True, eq=False)
class Outcome:
    """A subject's answer. ``arrays``: outputs and gradients; ``state``: the layer's tensors as the call leaves them.

    A 16-bit result keeps its dtype (bfloat16 as ``ml_dtypes.bfloat16``); the arrays are copies that no framework can
    change.
    """

    arrays: Mapping[str, Array]
    state: Mapping[str, Array] = field(default_factory=dict)


class Malformed(Exception):  # noqa: N818 - the answer of an adapter, whatever the framework did
    """What came back is no :class:`Outcome` of arrays of numbers; the message says what it is."""


def sound(outcome: Any) -> Outcome:
    """The outcome, if it is one. Raises Malformed."""
    if not isinstance(outcome, Outcome):
        raise Malformed(f"the answer is a {type(outcome).__name__}, not an Outcome")
    for name, array in (*outcome.arrays.items(), *outcome.state.items()):
        # NumPy's own kinds of numbers and bool; the types of ml_dtypes are of kind V, and no structure.
        numbers = isinstance(array, np.ndarray) and (array.dtype.kind in "biuf" or array.dtype.name == "bfloat16")
        if not numbers:
            told = f"an array of {array.dtype}" if isinstance(array, np.ndarray) else f"a {type(array).__name__}"
            raise Malformed(f"{name} is {told}, not an array of numbers")
    return outcome


NORMALIZATION = frozenset({"batch_norm", "layer_norm"})
ACTIVATIONS = frozenset(
    "relu leaky_relu prelu relu6 elu celu selu gelu gelu_tanh silu mish sigmoid log_sigmoid tanh softplus softsign "
    "hard_sigmoid hard_swish hard_tanh softmax log_softmax glu".split()
)
#: Those of a whole row, in which one value changes the others.
ALONG_ROWS = frozenset({"softmax", "log_softmax", "glu"})
#: What is drawn at random besides dropout.
KIN = frozenset({"alpha_dropout", "gaussian_dropout", "attention_dropout"})
#: Dropout where a subject is asked no more of it than what it draws in training: rate, scale, gradient and seeds.
BRIEF_DROPOUT = "dropout_in_brief"
#: Every other operation that an api can offer.
OPERATIONS = NORMALIZATION | {"dropout", "dense", "stack"} | ACTIVATIONS


class Adapter(abc.ABC):
    """One framework. Class attributes are static, so that subjects can be listed without importing anything."""

    name: ClassVar[str]
    #: The modules whose presence means that the framework is installed.
    modules: ClassVar[tuple[str, ...]]
    #: Distributions whose versions are reported, the framework's own first.
    distributions: ClassVar[tuple[str, ...]]
    #: The pip line that installs it.
    install: ClassVar[str]
    #: api -> operations that it offers
    apis: ClassVar[Mapping[str, frozenset[str]]]
    modes: ClassVar[tuple[str, ...]] = ("eager",)
    #: mode -> what costs a compilation in it: a fresh "shape"; a fresh "configuration" (shape, options, numbers that
    #: are no tensors); or a "graph", which serves all shapes of a rank and costs seconds (a rank, a layout, a size of 0
    #: or 1, a size of a parameter, an option). The suite then asks a few of them again and again. A mode that is not
    #: named costs nothing.
    compiles: ClassVar[Mapping[str, Literal["shape", "configuration", "graph"]]] = _EMPTY
    #: Whether derivatives in forward mode are compiled for each shape where nothing else is.
    compiles_forward: ClassVar[bool] = False
    devices: ClassVar[tuple[str, ...]] = ("cpu",)
    dtypes: ClassVar[tuple[str, ...]] = ("float32", "float64")
    #: Environment variables that a process needs in which the framework is asked in this one's stead; where there are
    #: any, such a process is what usually answers (see :mod:`adapters.process`).
    environment: ClassVar[Mapping[str, str]] = _EMPTY
    #: api -> what it chose; an api that is not named has the defaults
    dialects: ClassVar[Mapping[str, Dialect]] = _EMPTY

    def missing(self) -> str | None:
        """Why the backend cannot be asked here, with the pip line that mends it; None where it can."""
        absent = [module for module in self.modules if importlib.util.find_spec(module) is None]
        if absent:
            return f"{' and '.join(absent)} not installed: {self.install}"
        return None

    def versions(self) -> dict[str, str]:
        """Installed versions by distribution, read from the packages' metadata without importing them."""
        found = {}
        for distribution in self.distributions:
            try:
                found[distribution] = metadata.version(distribution)
            except metadata.PackageNotFoundError:
                continue
        return found

    def dialect(self, api: str) -> Dialect:
        return self.dialects.get(api, Dialect())

    def modes_of(self, api: str) -> tuple[str, ...]:
        """The modes that an api is asked in."""
        return self.modes

    def offers(self, subject: Subject) -> frozenset[str]:
        """The operations that a subject is asked: those of its api, unless another subject is the same function."""
        return self.apis[subject.api]

    def subjects(self, device: str = "cpu") -> Iterator[Subject]:
        """Every subject of this backend on one device; of the dtypes those that NumPy has here."""
        there = [dtype for dtype in self.dtypes if dtype_missing(dtype) is None]
        for api in self.apis:
            for mode in self.modes_of(api):
                for dtype in there:
                    yield Subject(self.name, api, mode, device, dtype)

    def prepare(self, device: str) -> None:  # noqa: B027 - most adapters can leave it empty
        """Import the framework and set what an honest answer needs; Unsupported where it has no such device."""

    @abc.abstractmethod
    def ask(self, subject: Subject, case: Case) -> Outcome:
        """Put the case to the framework. Errors that the framework raises pass through as they are."""
