"""Modes that differ from eager, and frameworks that differ from another one: the control is the other side."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from adapters.base import Activation, Array, BatchNorm, Case, Dense, Dropout, LayerNorm, Outcome, Subject
from adapters.numpy import NumPy

from ..registry import fault


class TwoModes(NumPy):
    """The control with a second mode, which answers what :meth:`rewritten` makes of the eager answer."""

    modes: ClassVar[tuple[str, ...]] = ("eager", "compiled")

    def ask(self, subject: Subject, case: Case) -> Outcome:
        outcome = super().ask(subject, case)
        if subject.mode == "eager":
            return outcome
        with np.errstate(all="ignore"):
            return Outcome(self.rewritten(case, dict(outcome.arrays)), self.left(case, dict(outcome.state)))

    def rewritten(self, case: Case, arrays: dict[str, Array]) -> dict[str, Array]:
        return arrays

    def left(self, case: Case, state: dict[str, Array]) -> dict[str, Array]:
        return state


@fault(clause="MODE.agree", category="mode", says="compiled, one element of a normalization is another sample's")
class OneElementOfAnother(TwoModes):
    def rewritten(self, case: Case, arrays: dict[str, Array]) -> dict[str, Array]:
        if isinstance(case, LayerNorm):
            arrays["y"] = arrays["y"].copy()
            arrays["y"].flat[-1] = arrays["y"].flat[0]
        return arrays


@fault(clause="MODE.agree", category="special value", says="compiled, relu makes 0 of NaN")
class ReluSelectsNumbers(TwoModes):
    def rewritten(self, case: Case, arrays: dict[str, Array]) -> dict[str, Array]:
        if isinstance(case, Activation) and case.name == "relu":
            arrays["y"] = np.fmax(case.x, 0).astype(case.x.dtype)
        return arrays


@fault(clause="MODE.agree", category="special value", says="compiled, an infinity becomes the largest number")
class InfinityClamped(TwoModes):
    def rewritten(self, case: Case, arrays: dict[str, Array]) -> dict[str, Array]:
        if isinstance(case, Dense):
            limit = np.finfo(case.x.dtype).max
            arrays["y"] = np.clip(arrays["y"], -limit, limit)
        return arrays


@fault(clause="MODE.agree", category="dtype", says="compiled, the gradient of tanh comes out in float64")
class GradientWidened(TwoModes):
    def rewritten(self, case: Case, arrays: dict[str, Array]) -> dict[str, Array]:
        if isinstance(case, Activation) and case.name == "tanh":
            arrays["dx"] = arrays["dx"].astype(np.longdouble if case.x.dtype == np.float64 else np.float64)
        return arrays


@fault(clause="MODE.agree", category="axis", says="compiled, the axis of one value is squeezed away")
class Squeezed(TwoModes):
    def rewritten(self, case: Case, arrays: dict[str, Array]) -> dict[str, Array]:
        return {name: value.squeeze() for name, value in arrays.items()} if isinstance(case, BatchNorm) else arrays


@fault(clause="MODE.agree", category="mode", says="compiled, dropout drops in inference")
class DropsInInference(TwoModes):
    def rewritten(self, case: Case, arrays: dict[str, Array]) -> dict[str, Array]:
        if isinstance(case, Dropout) and not case.training:
            return self.dropout_train(replace(case, training=True))
        return arrays


@fault(clause="MODE.agree", category="state", says="compiled, training leaves the running variance as it was")
class StateForgotten(TwoModes):
    def left(self, case: Case, state: dict[str, Array]) -> dict[str, Array]:
        if isinstance(case, BatchNorm) and case.running_var is not None:
            state["running_var"] = case.running_var.copy()
        return state


@fault(clause="MODE.agree", category="divisor", says="compiled, db is averaged over the samples")
class BiasGradientAveragedCompiled(TwoModes):
    def rewritten(self, case: Case, arrays: dict[str, Array]) -> dict[str, Array]:
        if isinstance(case, Dense) and "dbias" in arrays:
            samples = case.x.size // case.x.shape[-1]
            arrays["dbias"] = arrays["dbias"] / arrays["dbias"].dtype.type(samples)
        return arrays


@fault(
    clause="DIFF.agree",
    category="special value",
    says="softmax divides by a NaN only where it is: the rest of the row is 0",
)
class SoftmaxHidesNan(NumPy):
    def softmax(self, x: Array, axis: int = -1) -> Array:
        y = super().softmax(x, axis)
        return np.where(np.isnan(y) & np.isfinite(x), 0, y).astype(x.dtype)


@fault(clause="DIFF.agree", category="special value", says="neurons make 0 of NaN")
class NeuronsHideNan(NumPy):
    def weigh(self, rows: Array, weight: Array) -> Array:
        return np.nan_to_num(super().weigh(rows, weight), nan=0.0, posinf=np.inf, neginf=-np.inf)


@fault(clause="DIFF.agree", category="special value", says="the gradient of tanh at infinity is NaN, infinity times 0")
class TanhGradientAtInfinity(NumPy):
    def tanh_gradient(self, dy: Array, x: Array) -> Array:
        return np.asarray(super().tanh_gradient(dy, x) + 0 * np.where(np.isinf(x), x, 0))


@fault(clause="DIFF.agree", category="axis", says="leading axes flattened")
class DenseFlattened(NumPy):
    def dense(self, case: Dense) -> dict[str, Array]:
        arrays = super().dense(case)
        return arrays | {"y": arrays["y"].reshape(-1, len(case.weight))}


@fault(clause="DIFF.agree", category="special value", says="an input that is not finite is refused")
class SpecialRefused(NumPy):
    def layer_norm(self, case: LayerNorm) -> dict[str, Array]:
        if not np.isfinite(case.x).all():
            raise ValueError("x must be finite")
        return super().layer_norm(case)


@fault(clause="DIFF.agree", category="gradient", says="no gradient of the bias")
class BiasGradientMissing(NumPy):
    def dense(self, case: Dense) -> dict[str, Array]:
        return {name: value for name, value in super().dense(case).items() if name != "dbias"}


@fault(clause="DIFF.agree", category="epsilon", says="epsilon outside the root")
class EpsilonOutside(NumPy):
    def inverse_root(self, var: Array, eps: float) -> Array:
        return np.asarray(1 / (np.sqrt(var) + var.dtype.type(eps)))
