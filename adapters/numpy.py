"""The control: every operation in plain NumPy, sound arithmetic in the dtype of the case, gradients by hand.

It stands where a framework stands: whatever the suite holds against it is a mistake of the suite. It shares no code
with the specification. Each step is a small method, so that a layer that sums in another order, or that is wrong in one
place, is a subclass that overrides one method.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from adapters._numpy_derivatives import ActivationDerivatives, NormalizationTangents
from adapters._numpy_dropout import Dropouts
from adapters._numpy_kin import Kin
from adapters._numpy_normalization import fits, require
from adapters._numpy_stack import Stacks
from adapters._numpy_steps import BatchNormLayer
from adapters.base import (
    ACTIVATIONS,
    KIN,
    MIXED,
    OPERATIONS,
    SIXTEEN_BITS,
    Activation,
    Adapter,
    Array,
    BatchNorm,
    BatchNormSteps,
    Case,
    Dense,
    Dialect,
    Dropout,
    DropoutCount,
    DropoutKin,
    LayerNorm,
    Outcome,
    Stack,
    Subject,
    Unsupported,
    counterpart,
    dtype_of,
    parameter_dtype,
    tensor_dtype,
)
from adapters.steps import walk


def _widened(case: Case, computed: np.dtype[Any]) -> Case:
    """The case, and the layers of a stack, with every array in the dtype that is computed in."""
    changes: dict[str, Any] = {name: value.astype(computed) for name, value in case.arrays()}
    changes["tangents"] = {name: value.astype(computed) for name, value in case.tangents.items()}
    if isinstance(case, Stack):
        changes["layers"] = tuple(_widened(layer, computed) for layer in case.layers)
    return dataclasses.replace(case, **changes)


class NumPy(NormalizationTangents, ActivationDerivatives, Dropouts, Kin, Stacks, Adapter):
    """The control, ``backend=numpy api=control``."""

    name: ClassVar[str] = "numpy"
    modules: ClassVar[tuple[str, ...]] = ("numpy",)
    distributions: ClassVar[tuple[str, ...]] = ("numpy",)
    install: ClassVar[str] = "pip install numpy"
    apis: ClassVar[Mapping[str, frozenset[str]]] = {"control": OPERATIONS | KIN}
    modes: ClassVar[tuple[str, ...]] = ("eager",)
    devices: ClassVar[tuple[str, ...]] = ("cpu",)
    dtypes: ClassVar[tuple[str, ...]] = ("float32", "float64", *SIXTEEN_BITS, *MIXED)
    dialects: ClassVar[Mapping[str, Dialect]] = {
        "control": Dialect(momentum="new", running_var_divisor="n-1", rate_one="zeros")
    }

    def prepare(self, device: str) -> None:
        if device not in self.devices:
            raise Unsupported(f"NumPy computes on the cpu, not on {device}")

    def ask(self, subject: Subject, case: Case) -> Outcome:
        """Answer the case: computed in the dtype of its ``x``, or in float32 and rounded once to 16 bits.

        Each answer is stored in the dtype of what it belongs to; TypeError if it comes out in another one.
        """
        self.prepare(subject.device)
        if subject.api not in self.apis or subject.mode not in self.modes:
            raise Unsupported(f"NumPy has no {subject.api} in mode {subject.mode}")
        if subject.dtype not in self.dtypes:
            raise Unsupported(f"the control computes in {', '.join(self.dtypes)}, not in {subject.dtype}")
        if case.foreign:
            x = self.taken(dict(case.arrays())["x"], dtype_of(tensor_dtype(subject.dtype)))
            case = dataclasses.replace(case, x=x, foreign=False)  # type: ignore[call-arg]
        for name, value in case.arrays():
            kind = tensor_dtype if name in ("x", "dy", "ddx") else parameter_dtype
            if value.dtype.name != kind(subject.dtype):
                raise Unsupported(f"{name} of {value.dtype} is no question to {subject}")
        asked = dtype_of(tensor_dtype(subject.dtype))
        with np.errstate(all="ignore"):
            outcome = self.answer_in(asked, case)
        for name, value in [*outcome.arrays.items(), *outcome.state.items()]:
            if value.dtype != self.stored_in(asked, case, name):
                raise TypeError(f"{name} came out as {value.dtype}, not as {self.stored_in(asked, case, name)}")
        return outcome

    def taken(self, x: Array, dtype: np.dtype[Any]) -> Array:
        """What the layer makes of an x of another dtype than its own: the same numbers in its own."""
        return x.astype(dtype)

    def stored_in(self, asked: np.dtype[Any], case: Case, name: str) -> np.dtype[Any]:
        if name == "kept":
            return np.dtype(np.int64)
        belonging = counterpart(case, name)
        return asked if belonging is None else belonging.dtype

    def computed_in(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        return np.dtype(np.float32) if dtype.name in SIXTEEN_BITS else dtype

    def answer_in(self, asked: np.dtype[Any], case: Case) -> Outcome:
        """The answer in the case's dtype, computed in another one where that is another."""
        computed = self.computed_in(asked)
        if asked == computed:
            return self.answer(case)
        outcome = self.answer(_widened(case, computed))
        arrays, state = (
            {
                name: value if value.dtype != computed else value.astype(self.stored_in(asked, case, name))
                for name, value in found.items()
            }
            for found in (outcome.arrays, outcome.state)
        )
        return Outcome(arrays, state)

    def answer(self, case: Case) -> Outcome:
        if isinstance(case, BatchNorm):
            return self.batch_norm(case)
        if isinstance(case, BatchNormSteps):
            return walk(case, self.kept_layer(case.layer))
        if isinstance(case, LayerNorm):
            return Outcome(self.layer_norm(case))
        if isinstance(case, Dropout):
            return Outcome(self.dropout(case), {"x": case.x.copy()})
        if isinstance(case, DropoutKin):
            return Outcome(self.kin(case))
        if isinstance(case, DropoutCount):
            whole = np.broadcast_to(case.x, case.shape)
            layers = (dataclasses.replace(layer, x=whole) for layer in case.layers)
            return Outcome({"kept": np.array([np.count_nonzero(self.dropout(layer)["y"]) for layer in layers])})
        if isinstance(case, Dense):
            return Outcome(self.dense(case))
        if isinstance(case, Activation):
            return Outcome(self.activation(case))
        if isinstance(case, Stack):
            return self.stack(case)
        raise Unsupported(f"the control has no layer for {type(case).__name__}")

    def kept_layer(self, case: BatchNorm) -> BatchNormLayer:
        return BatchNormLayer(self, case)

    # Neurons.

    def dense(self, case: Dense) -> dict[str, Array]:
        x, weight, leading = case.x, case.weight, case.x.shape[:-1]
        require(x.ndim >= 1 and weight.ndim == 2, f"x of rank {x.ndim} and weight of rank {weight.ndim} do not fit")
        fits("weight", weight, (len(weight), x.shape[-1]))
        fits("bias", case.bias, (len(weight),))
        rows = x.reshape(math.prod(leading), x.shape[-1])
        z = self.add_bias(self.weigh(rows, weight), case.bias)
        arrays = {"y": self.forward(case.activation, z).reshape(*leading, len(weight))}
        if case.tangents:
            tz = self.affine_input_tangent(case, rows)
            ty = tz if case.activation is None else self.tangent(case.activation, tz, z)
            arrays["ty"] = ty.reshape(arrays["y"].shape)
        if case.dy is not None:
            dz = self.backward(case.activation, case.dy.reshape(z.shape), z)
            arrays["dx"] = self.dense_input_gradient(dz, weight).reshape(x.shape)
            arrays["dweight"] = self.weight_gradient(dz, rows)
            if case.bias is not None:
                arrays["dbias"] = self.bias_gradient(dz)
            if case.ddx is not None:
                arrays |= self.dense_second(case, case.dy.reshape(z.shape), case.ddx.reshape(rows.shape), z)
        return arrays

    def dense_second(self, case: Dense, dy: Array, ddx: Array, z: Array) -> dict[str, Array]:
        """The gradients of <dx, ddx>; dy, z: [m, out], ddx: [m, in]."""
        ddz = self.weigh(ddx, case.weight)
        dxy = ddz if case.activation is None else self.tangent(case.activation, ddz, z)
        dxx = np.zeros_like(case.x)
        if case.activation is not None:
            curved = self.second(case.activation, ddz, dy, z)
            dxx = self.dense_input_gradient(curved, case.weight).reshape(case.x.shape)
        return {"dxx": dxx, "dxy": dxy.reshape(*case.x.shape[:-1], len(case.weight))}

    def affine_input_tangent(self, case: Dense, rows: Array) -> Array:
        """The tangent of W x + b, [m, out]."""
        tz = self.weigh(case.tangents["x"].reshape(rows.shape), case.weight)
        if "weight" in case.tangents:
            tz = tz + self.weigh(rows, case.tangents["weight"])
        return self.add_bias(tz, case.tangents.get("bias"))

    def product(self, a: Array, b: Array) -> Array:
        return np.asarray(np.matmul(a, b))

    def weigh(self, rows: Array, weight: Array) -> Array:
        """[m, in] and [out, in] to [m, out]."""
        return self.product(rows, weight.T)

    def add_bias(self, z: Array, bias: Array | None) -> Array:
        return z if bias is None else z + bias

    def dense_input_gradient(self, dz: Array, weight: Array) -> Array:
        return self.product(dz, weight)

    def weight_gradient(self, dz: Array, rows: Array) -> Array:
        return self.product(dz.T, rows)

    def bias_gradient(self, dz: Array) -> Array:
        return self.total(dz, (0,)).reshape(-1)

    # Activations.

    def forward(self, name: str | None, x: Array, **parameters: float) -> Array:
        if name is None:
            return x.copy()
        result: Array = getattr(self, self.known(name))(x, **parameters)
        return result

    def backward(self, name: str | None, dy: Array, x: Array, **parameters: float) -> Array:
        if name is None:
            return dy.copy()
        result: Array = getattr(self, f"{self.known(name)}_gradient")(dy, x, **parameters)
        return result

    def known(self, name: str) -> str:
        if name not in ACTIVATIONS:
            raise Unsupported(f"the control has no activation {name}")
        return name

    def activation(self, case: Activation) -> dict[str, Array]:
        if case.name == "prelu":
            return self.learnable_slope(case) | self.activation_derivatives(case)
        arrays = {"y": self.forward(case.name, case.x, **case.parameters)}
        if case.dy is not None:
            arrays["dx"] = self.backward(case.name, case.dy, case.x, **case.parameters)
        return arrays | self.activation_derivatives(case)

    def learnable_slope(self, case: Activation) -> dict[str, Array]:
        """PReLU: ``alpha`` of shape [1] or [C], channels on axis 1."""
        x, alpha = case.x, case.alpha
        if alpha is None:
            raise ValueError("prelu needs its slope alpha")
        channels = alpha.size > 1
        fits("alpha", alpha, (x.shape[1],) if channels else (1,))
        axes = tuple(axis for axis in range(x.ndim) if not (channels and axis == 1))
        slope = np.expand_dims(alpha, axes) if channels else alpha
        arrays = {"y": self.prelu(x, slope)}
        if case.dy is not None:
            arrays["dx"], terms = self.prelu_gradient(case.dy, x, slope)
            arrays["dalpha"] = self.total(terms, axes).reshape(alpha.shape)
        return arrays


ADAPTER = NumPy()
