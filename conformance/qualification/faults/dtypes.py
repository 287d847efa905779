"""What becomes of input of another dtype than the layer's, done wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from adapters.base import Array, Case, Dense, Outcome, Subject
from adapters.numpy import NumPy

from ..registry import fault


class _Cut(NumPy):
    """The answer is right, and is stored in the dtype of x."""

    def ask(self, subject: Subject, case: Case) -> Outcome:
        outcome = super().ask(subject, case)
        if not case.foreign:
            return outcome
        x: Any = dict(case.arrays())["x"]
        return Outcome({**outcome.arrays, "y": outcome.arrays["y"].astype(x.dtype)}, outcome.state)


@fault(clause="BN.dtype", category="dtype", says="the output is cut to whole numbers where x has them")
class BatchNormCut(_Cut):
    pass


@fault(clause="ACT.dtype", category="dtype", says="the output is cut to whole numbers where x has them")
class ActivationCut(_Cut):
    pass


@fault(clause="LN.dtype", category="dtype", says="uint8 is read as int8: numbers above 127 are negative")
class LayerNormSigned(NumPy):
    def taken(self, x: Array, dtype: np.dtype[Any]) -> Array:
        return (x.view(np.int8) if x.dtype == np.uint8 else x).astype(dtype)


@fault(
    clause="DO.dtype",
    category="dtype",
    says="whole numbers are dropped and not scaled, since 1/(1 - p) is 1 among them",
)
class DropoutWholeScale(NumPy):
    def ask(self, subject: Subject, case: Case) -> Outcome:
        outcome = super().ask(subject, case)
        x: Any = dict(case.arrays())["x"]
        if not case.foreign or x.dtype.kind not in "iu":
            return outcome
        return Outcome({**outcome.arrays, "y": np.where(outcome.arrays["y"] != 0, x, 0).astype("float32")})


@fault(clause="NE.dtype", category="dtype", says="weight and bias are cast to the dtype of x")
class NeuronWholeWeights(NumPy):
    def ask(self, subject: Subject, case: Case) -> Outcome:
        if case.foreign and isinstance(case, Dense) and case.x.dtype.kind in "iu":
            whole = {name: value.astype(case.x.dtype).astype("float32") for name, value in case.arrays() if name != "x"}
            case = replace(case, **whole)  # type: ignore[arg-type]
        return super().ask(subject, case)


@fault(clause="NE.dtype", category="validation", says="refused with an error that says nothing")
class NeuronMute(NumPy):
    def ask(self, subject: Subject, case: Case) -> Outcome:
        if case.foreign:
            raise TypeError
        return super().ask(subject, case)
