"""Exact values by mpmath, and how far an answer is from them in units of its bound."""

from __future__ import annotations

from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np

#: Fifty digits, whatever other tests set.
CONTEXT = mpmath.mp.clone()
CONTEXT.dps = 50


def worst(answer: Any, exact: list[Any], found: Any) -> float:
    """The worst error over bound; the specification's own value stands in for the exact one where it is farther off."""
    ratios = [0.0]
    for got, true, value, bound in zip(
        np.ravel(answer), exact, np.ravel(found.value), np.ravel(found.tolerance(str(answer.dtype))), strict=True
    ):
        error = max(abs(CONTEXT.mpf(float(got)) - true), abs(CONTEXT.mpf(float(got)) - CONTEXT.mpf(float(value))))
        ratios.append(float(error / CONTEXT.mpf(float(bound))) if np.isfinite(bound) else 0.0)
    return max(ratios)
