"""Wrong layers that only 16 bits show: they compute in the dtype of x, or put a number through it."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.base import SIXTEEN_BITS, Array, Case, Dense, Dropout, Outcome, dtype_of
from adapters.numpy import NumPy

from ..registry import fault
from .low_precision import BatchInOwnDtype


class InHalf(BatchInOwnDtype):
    """Every operation in float16, and asked in nothing else."""

    dtypes = ("float16",)


@fault(
    clause="BN.shift",
    category="dtype",
    says="every operation in the dtype of the input: a constant takes the digits of x",
)
class ShiftInOwnDtype(InHalf):
    pass


@fault(
    clause="BN.scale",
    category="dtype",
    says="every operation in the dtype of the input: squares of a scaled input overflow",
)
class ScaleInOwnDtype(InHalf):
    pass


@fault(
    clause="BN.permute",
    category="dtype",
    says="every operation in the dtype of the input: the order of the batch shows",
)
class OrderInOwnDtype(InHalf):
    pass


@fault(
    clause="BN.constant",
    category="dtype",
    says="every operation in the dtype of the input: a mean of equal numbers is another one",
)
class ConstantInOwnDtype(InHalf):
    pass


@fault(clause="BN.large", category="dtype", says="every operation in the dtype of the input: sums stand still")
class ManyInOwnDtype(InHalf):
    pass


@fault(clause="BN.running.sequence", category="dtype", says="statistics in the dtype of the input, step by step")
class SequenceInOwnDtype(InHalf):
    pass


@fault(
    clause="LN.shift",
    category="dtype",
    says="every operation in the dtype of the input: a constant takes the digits of x",
)
class LayerShiftInOwnDtype(InHalf):
    pass


@fault(
    clause="LN.constant", category="dtype", says="every operation in the dtype of the input: the sum of a row overflows"
)
class LayerConstantInOwnDtype(InHalf):
    pass


@fault(clause="LN.large", category="dtype", says="every operation in the dtype of the input: sums stand still")
class FeaturesInOwnDtype(InHalf):
    pass


@fault(clause="LN.multi-axis", category="dtype", says="every operation in the dtype of the input")
class SeveralAxesInOwnDtype(InHalf):
    pass


class Sixteen(NumPy):
    """A layer that knows the dtype that it was asked in."""

    dtypes = SIXTEEN_BITS
    asked = "float32"

    def answer_in(self, asked: np.dtype[Any], case: Case) -> Outcome:
        self.asked = asked.name
        return super().answer_in(asked, case)

    def rounded(self, value: Any) -> Any:
        return np.asarray(value).astype(dtype_of(self.asked)).astype(np.float64)


@fault(
    clause="DO.bad-input",
    category="dtype",
    says="the rate is looked at after it went through the dtype of x: 1.001 is 1 in bfloat16",
)
class RateLookedAtRounded(Sixteen):
    def dropout(self, case: Dropout) -> dict[str, Array]:
        if self.asked == "bfloat16" and self.rounded(case.rate) == 1.0:
            return super().dropout_train(case)
        return super().dropout(case)


@fault(clause="NE.bias", category="dtype", says="in 16 bits the bias is added to each half of the inputs")
class BiasAddedTwice(Sixteen):
    def dense(self, case: Dense) -> dict[str, Array]:
        found = super().dense(case)
        if case.bias is not None:
            found["y"] = found["y"] + case.bias
        return found
