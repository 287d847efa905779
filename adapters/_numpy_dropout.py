"""Dropout in the NumPy control. Each step is a small method, so that a layer that is wrong in one overrides one."""

from __future__ import annotations

import numpy as np

from adapters._numpy_normalization import require
from adapters.base import Array, Dropout


class Dropouts:
    """Masks from NumPy's generator, seeded for each case; what is drawn after the first mask goes on in its stream."""

    def dropout(self, case: Dropout) -> dict[str, Array]:
        require(0 <= case.rate <= 1, f"the rate must lie in [0, 1], it is {case.rate}")
        require(self.told(case), "say whether lanes draw together")
        layer = self.dropout_train if case.training else self.dropout_eval
        return layer(case)

    def dropout_train(self, case: Dropout) -> dict[str, Array]:
        keep = self.spread(self.lane_masks(case) if case.lanes else self.drawn(case), case)
        arrays = {"y": self.drop(case.x, keep, case.rate)}
        if case.dy is not None:
            again = self.drawn_again(case, keep) if case.recomputed else keep
            arrays["dx"] = self.drop_gradient(case.dy, again, case.rate)
        return arrays

    def dropout_eval(self, case: Dropout) -> dict[str, Array]:
        return {"y": case.x.copy()} | ({} if case.dy is None else {"dx": case.dy.copy()})

    def told(self, case: Dropout) -> bool:
        """Whether it is known how lanes draw, where there are any."""
        return not case.unsaid

    def drawn(self, case: Dropout) -> Array:
        """The mask of the call and the layer that the case asks for; the layers of a model draw in turn."""
        before = max(case.call, case.layer)
        if before == 1:
            return self.mask(case.mask_shape, case.rate, case.seed)
        # Those before this one have used up their share of the stream.
        return np.asarray(self.mask((before, *case.mask_shape), case.rate, case.seed)[-1])

    def drawn_again(self, case: Dropout, keep: Array) -> Array:
        """The mask of a forward pass that is run again for the gradient: from the generator as it was before."""
        return self.spread(self.drawn(case), case)

    def lane_masks(self, case: Dropout) -> Array:
        """The mask of each lane, or one for all: the first axis of x is that of lanes."""
        return self.mask(case.mask_shape, case.rate, case.seed)

    def mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        """True where an element is kept; uniform variates below 1 drop everything at rate 1 and nothing at rate 0."""
        return np.asarray(np.random.default_rng(seed).random(shape) >= rate)

    def spread(self, keep: Array, case: Dropout) -> Array:
        """The mask over all of x, one along the shared axes."""
        return np.broadcast_to(keep, case.x.shape)

    def dropout_scale(self, rate: float) -> float:
        # At rate 1 nothing is kept: the scale multiplies no element.
        return 1 / (1 - rate) if rate < 1 else 1.0

    def drop(self, x: Array, keep: Array, rate: float) -> Array:
        return np.where(keep, x * x.dtype.type(self.dropout_scale(rate)), 0)

    def drop_gradient(self, dy: Array, keep: Array, rate: float) -> Array:
        return self.drop(dy, keep, rate)
