"""How a layer of JAX is run: arrays in, one program a layer, copies out.

A layer is a function of its tensors, and a *program* is that function with the derivatives that a case asks for:
``vjp``, ``jvp``, and ``vjp`` of ``vjp``. It is kept as long as its layer: a function that JAX has not met before is
compiled anew, even where its text is the same. The mode says how it is called: operation by operation (``eager``), as
one compiled program (``jit``), or compiled over lanes of which the last is the case (``vmap``).
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from adapters.base import Array, Case, Dropout, DropoutKin, Outcome

Tensors = Mapping[str, Any]
#: (parameters, statistics, random stream, x) -> (y, the layer's tensors after the call); tensors by JAX's names
Layer = Callable[[Tensors, Tensors, Any, Any], tuple[Any, Tensors]]
#: A seed -> what a layer draws random numbers from.
Stream = Callable[[int], Any]


@dataclass(frozen=True)
class Answer:
    """What came back, still in JAX: y, dx and the parameters' gradients by JAX's names; the tensors after the call."""

    arrays: Tensors
    after: Tensors

    def outcome(self, gradients: Mapping[str, str], state: Mapping[str, str] | None = None) -> Outcome:
        """Copies in NumPy. ``gradients``, ``state``: JAX's name -> ours; a tensor that is not there is left out."""
        answers = {name: name for name in ("y", "dx", "ty", "dxx", "dxy")}
        return Outcome(_copies(self.arrays, {**answers, **gradients}), _copies(self.after, state or {}))


def _copies(tensors: Tensors, names: Mapping[str, str]) -> dict[str, Array]:
    return {ours: np.array(tensors[theirs]) for theirs, ours in names.items() if theirs in tensors}


@dataclass(frozen=True)
class Asked:
    """One subject's way into JAX: the module, the mode, the device, and the dtypes that layers are made with."""

    jax: Any
    api: str
    mode: str
    device: Any
    dtype: np.dtype[Any]  #: what is computed in, and x and y are stored in
    param_dtype: np.dtype[Any]

    @property
    def library(self) -> Any:
        return importlib.import_module(self.api)

    def put(self, array: Array, dtype: Any = None) -> Any:
        """``array`` on the device, in its own dtype unless another is named."""
        return self.jax.device_put(np.asarray(array, dtype), self.device)

    def run(
        self,
        layer: Layer,
        case: Case,
        parameters: Mapping[str, str],
        *,
        statistics: Tensors | None = None,
        stream: Stream | None = None,
        stored: Callable[[str, Array], Array] = lambda _, value: value,
    ) -> Answer:
        """Put the case to the layer.

        ``parameters``: JAX's name -> the case's; ``stored``: a parameter (or its tangent) of the case in the shape that
        the layer keeps it in. Other tensors are ``statistics``, already placed. ``stream`` makes the source of random
        numbers from the case's seed.
        """
        given = {theirs: getattr(case, ours) for theirs, ours in parameters.items()}
        tensors = {name: self.put(stored(name, value)) for name, value in given.items() if value is not None}
        tangents = {
            theirs: self.put(stored(theirs, case.tangents[ours]))
            for theirs, ours in parameters.items()
            if ours in case.tangents
        }
        # Its first axis is that of lanes: nothing stands beside them.
        lanes = case if isinstance(case, Dropout) and case.lanes else None
        together = lanes is not None and 0 in lanes.shared
        placed = self._alone if lanes else self._lanes
        x, dy, ddx = (placed(getattr(case, name)) for name in ("x", "dy", "ddx"))
        if "x" in case.tangents:
            tangents["x"] = self._lanes(case.tangents["x"])
        drawn = None
        if stream is not None:
            assert isinstance(case, Dropout | DropoutKin)
            number = 2 if lanes is None else 1 if together else len(lanes.x)
            drawn = self.streams(stream, case.seed, number)
        program = _program(layer, self.mode, tuple(tangents), together)
        arrays, after = program(tensors, statistics or {}, drawn, x, dy, tangents, ddx)
        answer = Answer(arrays, {**after, "x": x})
        return self._last_lane(answer) if self.mode == "vmap" and not lanes else answer

    def program(self, layer: Layer) -> Callable[..., tuple[Tensors, Tensors]]:
        """The layer as the mode calls it: (parameters, statistics, stream, x, dy, tangents, ddx) -> arrays, after."""
        return _program(layer, self.mode, ())

    def _alone(self, array: Array | None) -> Any:
        return None if array is None else self.put(array)

    def _lanes(self, array: Array | None) -> Any:
        """A tensor of the case; under vmap beside a ramp of its shape and dtype, which no answer may depend on."""
        if array is None or self.mode != "vmap":
            return self._alone(array)
        other = np.linspace(-1.5, 2.0, array.size).reshape(array.shape).astype(array.dtype)
        return self.put(np.stack([other, array]))

    def streams(self, stream: Stream, seed: int, lanes: int) -> Any:
        """A lane draws from a key of its own, as users hand them out, the last lane from that of the case's seed; one
        key is that of all.
        """
        if self.mode != "vmap" or lanes == 1:
            return stream(seed)
        streams = [stream((seed + before) % 2**31) for before in reversed(range(lanes))]
        return self.jax.tree.map(lambda *keys: self.jax.numpy.stack(keys), *streams)

    def _last_lane(self, answer: Answer) -> Answer:
        def lane(tensors: Tensors) -> Tensors:
            return {name: np.asarray(value)[-1] for name, value in tensors.items()}

        return Answer(lane(answer.arrays), lane(answer.after))


@functools.lru_cache(maxsize=2048)
def _program(
    layer: Layer, mode: str, moved: tuple[str, ...], together: bool = False
) -> Callable[..., tuple[Tensors, Tensors]]:
    """The layer with its derivatives, to be called in a mode. ``moved``: the tensors that have a tangent; ``together``:
    lanes draw from one stream.
    """
    jax = importlib.import_module("jax")
    program = functools.partial(_answers, jax, layer)
    if mode == "eager":
        return program
    if mode == "jit":
        return jax.jit(program)  # type: ignore[no-any-return]
    # Parameters and statistics are shared by the lanes, and a gradient is that of one lane, as per-sample gradients are
    # taken. It is compiled: operation by operation a lane costs a hundred times as much.
    directions = {name: 0 if name == "x" else None for name in moved}
    drawn = None if together else 0
    return jax.jit(jax.vmap(program, in_axes=(None, None, drawn, 0, 0, directions, 0)))  # type: ignore[no-any-return]


def _answers(
    jax: Any, layer: Layer, parameters: Tensors, statistics: Tensors, stream: Any, x: Any, dy: Any, tangents: Tensors,
    ddx: Any,
) -> tuple[Tensors, Tensors]:  # fmt: skip
    """y and the derivatives that are asked for; the layer's tensors after the call."""

    def forward(parameters: Tensors, x: Any) -> tuple[Any, Tensors]:
        return layer(parameters, statistics, stream, x)

    found: dict[str, Any] = {}
    if dy is None:
        found["y"], after = forward(parameters, x)
    else:
        found["y"], pullback, after = jax.vjp(forward, parameters, x, has_aux=True)
        gradients, found["dx"] = pullback(dy.astype(found["y"].dtype))
        found |= gradients
    if tangents:

        def along(moved: Tensors) -> Any:
            given = {**parameters, "x": x, **moved}
            return forward({name: given[name] for name in parameters}, given["x"])[0]

        given = {**parameters, "x": x}
        _, found["ty"] = jax.jvp(along, ({name: given[name] for name in tangents},), (tangents,))
    if ddx is not None:

        def pulled_back(x: Any, dy: Any) -> Any:
            return jax.vjp(lambda x: forward(parameters, x)[0], x)[1](dy)[0]

        _, again = jax.vjp(pulled_back, x, dy)
        found["dxx"], found["dxy"] = again(ddx)
    return found, after
