"""Comparisons, logic and np.where: what the errors leave open is called open, and the result spans both branches."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.bounded import Arithmetic, Bounded, Comparison

#: NumPy as these tests use it: its stubs promise plain arrays, and it answers with bounded ones.
np: Any = numpy
FLOAT32 = Arithmetic.of("float32")
RELATIONS: list[Callable[[Any, Any], Any]] = [
    operator.gt,
    operator.ge,
    operator.lt,
    operator.le,
    operator.eq,
    operator.ne,
]
interval = st.tuples(st.integers(-4, 4).map(float), st.sampled_from([0.0, 0.25, 1.0, 2.0]))
#: Where in an interval, in units of its error.
POINTS = (-1.0, -0.5, 0.0, 0.5, 1.0)


def bounded(pair: tuple[float, float]) -> Bounded:
    return Bounded(pair[0], pair[1], FLOAT32)


def points(*pairs: tuple[float, float]) -> Any:
    return itertools.product(*([v + e * t for t in POINTS] for v, e in pairs))


@pytest.mark.parametrize("relation", RELATIONS)
@settings(max_examples=100, deadline=None)
@given(a=interval, b=interval)
def test_a_comparison_says_surely_and_possibly(relation: Any, a: tuple[float, float], b: tuple[float, float]) -> None:
    found = relation(bounded(a), bounded(b))
    assert isinstance(found, Comparison)
    answers = [relation(p, q) for p, q in points(a, b)]
    assert found.value == relation(a[0], b[0])
    assert not found.surely or all(answers)
    assert found.possibly or not any(answers)
    assert found.open == (found.possibly and not found.surely)
    # Decided wherever the intervals do not even touch, and between exact numbers.
    if abs(a[0] - b[0]) > a[1] + b[1] or a[1] == b[1] == 0.0:
        assert not found.open


@pytest.mark.parametrize("relation", RELATIONS)
@settings(max_examples=150, deadline=None)
@given(a=interval, b=interval, p=interval, q=interval)
def test_where_spans_the_branches_that_may_be_taken(relation: Any, a: Any, b: Any, p: Any, q: Any) -> None:
    found = np.where(relation(bounded(a), bounded(b)), bounded(p), bounded(q))
    value = p[0] if relation(a[0], b[0]) else q[0]
    assert found.value == value
    for x, y, one, other in points(a, b, p, q):
        assert abs((one if relation(x, y) else other) - value) <= found.error
    if not relation(bounded(a), bounded(b)).open:
        assert found.error == (p if relation(a[0], b[0]) else q)[1]


@settings(max_examples=100, deadline=None)
@given(a=interval, b=interval, c=interval, mask=st.booleans())
def test_logic_keeps_what_is_sure(a: Any, b: Any, c: Any, mask: bool) -> None:
    x, y, z = bounded(a), bounded(b), bounded(c)
    formulas: list[tuple[Any, Callable[..., bool]]] = [
        ((x > y) & (y > z), lambda p, q, r: p > q and q > r),
        ((x > y) | ~(y > z), lambda p, q, r: p > q or not q > r),
        (np.logical_or(np.logical_not(x > y), y < z), lambda p, q, r: not p > q or q < r),
        (np.logical_and(x >= y, np.asarray(mask)), lambda p, q, r: p >= q and mask),
        (np.asarray(mask) | (x > z), lambda p, q, r: mask or p > r),
    ]
    for found, formula in formulas:
        answers = [formula(*point) for point in points(a, b, c)]
        assert found.value == formula(a[0], b[0], c[0])
        assert not found.surely or all(answers)
        assert found.possibly or not any(answers)


def test_scalars_compare_from_either_side() -> None:
    x = Bounded(np.asarray([-1.0, 0.0, 1e-9, 1.0]), np.full(4, 1e-8), FLOAT32)
    for found in (x > 0, np.float64(0) < x, x > 0.0, np.greater(x, np.zeros(4))):
        assert found.surely.tolist() == [False, False, False, True]
        assert found.possibly.tolist() == [False, True, True, True]
        assert found.open.tolist() == [False, True, True, False]
        assert found[3].surely
        assert found.shape == (4,)
    assert (x < np.inf).surely.all()
    assert not (x < -np.inf).possibly.any()


def test_an_undecided_number_leaves_every_comparison_open() -> None:
    unknown = Bounded(np.asarray([np.nan, np.inf, -np.inf, 0.0]), np.full(4, np.inf), FLOAT32)
    for relation in RELATIONS:
        for other in (0.0, Bounded.exact(np.ones(4), FLOAT32), unknown):
            assert relation(unknown, other).open.all()


def test_an_undecided_branch_counts_only_where_it_may_be_taken() -> None:
    x = Bounded(np.asarray([-1.0, 0.0, 1.0]), np.full(3, 0.1), FLOAT32)
    unknown = Bounded(np.full(3, np.nan), np.full(3, np.inf), FLOAT32)
    assert np.where(x > 0, unknown, x).undecided.tolist() == [False, True, True]
    assert np.where(x > 0, x, unknown).undecided.tolist() == [True, True, False]
    assert np.where(x > 0, 1.0, np.log(x)).undecided.tolist() == [True, True, False]
    assert np.where(np.asarray([True, False, True]), x, unknown).undecided.tolist() == [False, True, False]


def test_where_takes_plain_conditions_and_plain_branches() -> None:
    x = Bounded(np.asarray([-1.0, 0.0, 1.0]), np.full(3, 0.1), FLOAT32)
    kept = np.where(np.asarray([True, False, True]), x / 0.5, 0.0)
    assert kept.value.tolist() == [-2.0, 0.0, 2.0]
    assert kept.error[1] == 0.0
    step = np.where(x > 0, 1.0, 0.0)
    assert step.value.tolist() == [0.0, 0.0, 1.0]
    np.testing.assert_allclose(step.error, [0.0, 1.0, 0.0], rtol=1e-12)
    assert step.arithmetic is FLOAT32


@pytest.mark.parametrize(
    "misuse",
    [
        lambda x: bool(x > 0),
        lambda x: 1 if x > 0 else 0,
        lambda x: (x > 0) * x,
        lambda x: (x > 0) + (x > 0),
        lambda x: (x > 0) & 1,
        lambda x: np.asarray(x > 0),
        lambda x: np.where(x, x, x),
        lambda x: np.where(x > 0),
        lambda x: np.any(x > 0),
    ],
)
def test_a_comparison_is_no_boolean(misuse: Callable[[Bounded], object]) -> None:
    with pytest.raises(TypeError, match=r"np\.where|does not know|take its \.value|combines with booleans"):
        misuse(Bounded.input(1.0, FLOAT32))
