"""The inputs that an activation is asked, all of them, and what is printed of them."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from adapters.base import ALONG_ROWS
from conformance import inputs, points
from conformance.cases import describe
from reference.activations import ACTIVATIONS

DTYPES = ("float16", "bfloat16", "float32", "float64")
#: Among the patterns are signalling NaN.
pytestmark = pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
ELEMENTWISE = sorted(set(ACTIVATIONS) - set(ALONG_ROWS))


@pytest.mark.parametrize("dtype", DTYPES)
def test_patterns_are_all_different_and_reach_through_the_range(dtype: str) -> None:
    found = inputs.patterns(dtype)
    assert found.dtype.name == dtype
    assert len(np.unique(found.view(f"u{found.dtype.itemsize}"))) == 2**16
    finite = found[np.isfinite(found.astype(np.float64))].astype(np.float64)
    assert finite.min() == -finite.max() < -6e4


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["tanh", "softmax", "glu"])
def test_printed_tensor_is_the_one_that_was_asked(name: str, dtype: str) -> None:
    for case in inputs.every(name, dtype, {}):
        for field, value in case.arrays():
            if field in case.recipe:
                again = eval(case.recipe[field], {"np": np, "ml_dtypes": ml_dtypes})  # what it prints is ours
                bits = f"u{value.dtype.itemsize}"
                assert again.dtype == value.dtype
                assert np.array_equal(again.view(bits), value.view(bits))
        assert len(describe(case)) < 4000


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_turning_points_lie_on_both_sides_of_each_kink_and_are_few(name: str, dtype: str) -> None:
    given = tuple(points.parameters(name)[0].items())
    found = inputs.turning_points(name, dtype, given)
    assert found.dtype.name == dtype
    assert 100 < found.size < 1000
    assert np.isfinite(found).all()
    for kink in ACTIVATIONS[name].kinks:
        one = np.array(kink, dtype)
        assert {np.nextafter(one, one.dtype.type(way)) for way in (-np.inf, np.inf)} <= set(found) | {0.0}


def test_turning_points_find_where_tanh_saturates() -> None:
    found = inputs.turning_points("tanh", "float32", ())
    ends = found[(found > 8.9) & (found < 9.1)]
    saturated = np.tanh(ends.astype(np.float64)).astype(np.float32) == 1
    assert saturated.any()
    assert not saturated.all()
