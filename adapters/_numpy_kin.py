"""Kin of dropout in the NumPy control."""

from __future__ import annotations

import numpy as np

from adapters._numpy_normalization import require
from adapters.base import Array, DropoutKin

#: SELU's lower limit, -lambda alpha (Klambauer et al., 2017).
LOWER = -1.0507009873554805 * 1.6732632423543772


class Kin:
    """Alpha dropout, Gaussian dropout and dropout of attention weights, each in training and in inference."""

    def kin(self, case: DropoutKin) -> dict[str, Array]:
        require(0 <= case.rate < 1, f"the rate must lie in [0, 1), it is {case.rate}")
        arrays: dict[str, Array] = getattr(self, case.kind)(case)
        return arrays

    def kin_mask(self, shape: tuple[int, ...], rate: float, seed: int) -> Array:
        return np.asarray(np.random.default_rng(seed).random(shape) >= rate)

    def noise(self, shape: tuple[int, ...], seed: int) -> Array:
        return np.random.default_rng(seed).standard_normal(shape)

    def alpha_terms(self, rate: float) -> tuple[float, float, float]:
        """What is dropped, the scale, the shift."""
        scale = ((1 - rate) * (1 + LOWER**2 * rate)) ** -0.5
        return LOWER, scale, -scale * rate * LOWER

    def alpha_dropout(self, case: DropoutKin) -> dict[str, Array]:
        lower, scale, shift = map(case.x.dtype.type, self.alpha_terms(case.rate))
        if not case.training:
            return self.untouched(case)
        keep = self.kin_mask(case.x.shape, case.rate, case.seed)
        arrays = {"y": scale * np.where(keep, case.x, lower) + shift}
        if case.dy is not None:
            arrays["dx"] = np.where(keep, scale * case.dy, 0)
        return arrays

    def spread_of_noise(self, rate: float) -> float:
        return float((rate / (1 - rate)) ** 0.5)

    def gaussian_dropout(self, case: DropoutKin) -> dict[str, Array]:
        if not case.training:
            return self.untouched(case)
        z = self.noise(case.x.shape, case.seed)
        factor = (1 + self.spread_of_noise(case.rate) * z).astype(case.x.dtype)
        return {"y": case.x * factor} | ({} if case.dy is None else {"dx": case.dy * factor})

    def attention_dropout(self, case: DropoutKin) -> dict[str, Array]:
        batch, n, _ = case.x.shape
        weights = np.full((batch, n, n), 1 / n, case.x.dtype)
        weights = self.drop_weights(weights, case)
        arrays = {"y": np.matmul(weights, case.x)}
        if case.dy is not None:
            arrays["dx"] = np.matmul(weights.swapaxes(1, 2), case.dy)
        return arrays

    def drop_weights(self, weights: Array, case: DropoutKin) -> Array:
        if not case.training:
            return weights
        keep = self.kin_mask(weights.shape, case.rate, case.seed)
        return np.where(keep, weights * weights.dtype.type(1 / (1 - case.rate)), 0)

    def untouched(self, case: DropoutKin) -> dict[str, Array]:
        return {"y": case.x.copy()} | ({} if case.dy is None else {"dx": case.dy.copy()})
