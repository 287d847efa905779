"""The error functions, with SciPy and without."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest

from reference import special
from tests.reference.proof import DIGITS, exact, holds

POINTS = np.array([-30.0, -3.0, -0.5, -1e-300, 0.0, 1e-9, 0.3, 1.0, 5.0, 26.0, 40.0])


@pytest.fixture(params=["installed", "without SciPy"])
def module(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    if request.param == "installed":
        return special
    # None in sys.modules is what makes an import fail.
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    assert special.__file__
    spec = importlib.util.spec_from_file_location("special_without_scipy", special.__file__)
    assert spec
    assert spec.loader
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    assert fresh.erfc is not special.erfc
    return fresh


@pytest.mark.parametrize("name", ["erf", "erfc"])
def test_values(module: ModuleType, name: str) -> None:
    got = module.evaluate(getattr(module, name), POINTS)
    assert got.dtype == np.float64
    with mpmath.workdps(DIGITS):
        want = [getattr(mpmath, name)(x) for x in exact(POINTS)]
        holds(got, np.array(want, object))


@pytest.mark.parametrize("x", [0.5, np.float64(0.5), np.array(0.5), np.zeros((0, 2)), np.zeros((2, 1, 3), np.float32)])
def test_any_shape(module: ModuleType, x: Any) -> None:
    got = module.evaluate(module.erf, x)
    assert np.shape(got) == np.shape(x)
    assert np.asarray(got).dtype.kind == "f"


def test_other_array_types_are_asked(module: ModuleType) -> None:
    class Asked:
        def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
            return ufunc, method, inputs, kwargs

    x = Asked()
    assert isinstance(module.erfc, np.ufunc)
    assert module.evaluate(module.erfc, x) == (module.erfc, "__call__", (x,), {})
