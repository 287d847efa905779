"""Where a compilation is dear the cases come from a few shapes and settings; elsewhere from all."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from adapters import _torch_compile
from adapters.base import Activation, BatchNorm, Dense, Dialect, Dropout, LayerNorm, Stack, Subject
from adapters.tensorflow import ADAPTER as TENSORFLOW
from adapters.torch import ADAPTER
from conformance import cases, profiles, stacks
from conformance.cases import COMPILED, GRAPHED, WARM, Palette
from conformance.clauses import CLAUSES
from conformance.examination import Examination
from conformance.suite.test_batch_norm_corners import EMPTY, LARGE, ORDINARY, SINGLE
from conformance.suite.test_batch_norm_layout import LAID

DIALECT: Dialect = ADAPTER.dialect("nn")
GRAPH = Palette(fresh="graph")
OTHERS = (Palette(), Palette(fresh="shape"), Palette(fresh="configuration"))


def drawn(strategy: st.SearchStrategy[Any], examples: int = 60) -> list[Any]:
    found: list[Any] = []

    @settings(max_examples=examples, database=None, derandomize=True, deadline=None, phases=[Phase.generate])
    @given(strategy)
    def draw(case: Any) -> None:
        found.append(case)

    draw()
    return found


def graphs(strategy: st.SearchStrategy[Any]) -> set[Hashable]:
    """What differs in more than the sizes."""
    return {_torch_compile.key(case, "float32") for case in drawn(strategy)}


@pytest.mark.parametrize("palette", OTHERS, ids=str)
def test_what_costs_no_graph_is_asked_all_choices(palette: Palette) -> None:
    assert palette.few("abc", 1) == "abc"
    assert palette.ranked(LAID, "batch_norm") == LAID


def test_numbers_are_few_where_they_are_compiled() -> None:
    assert [palette.few_numbers("abc", 1) for palette in (*OTHERS, GRAPH)] == ["abc", "abc", ("b",), ("b",)]


def test_shapes_are_those_of_what_is_compiled() -> None:
    assert [palette.warm("layer_norm") for palette in (*OTHERS[1:], GRAPH)] == [
        shapes["layer_norm"] for shapes in (WARM, COMPILED, GRAPHED)
    ]
    # Operation by operation, and of normalization always, every rank is there.
    for shapes in (WARM, COMPILED):
        assert {len(shape) for shape in shapes["batch_norm"]} == {2, 3, 4, 5}


def test_where_each_is_a_graph_a_few_are_asked() -> None:
    assert GRAPH.few("abc", 0, 2) == ("a", "c")
    assert all(len({len(shape) for shape in shapes}) > 1 for shapes in GRAPHED.values())


@pytest.mark.parametrize("among", [SINGLE, EMPTY, LARGE, ORDINARY, LAID], ids=str)
def test_every_corner_is_left_shapes_of_the_ranks_that_are_asked(among: tuple[cases.Shape, ...]) -> None:
    assert {len(shape) for shape in GRAPH.ranked(among, "batch_norm")} == {2, 4}


@pytest.mark.parametrize("training", [True, False])
def test_one_layer_of_each_rank(training: bool) -> None:
    of = {"regime": "normal", "training": training}
    few = graphs(cases.batch_norms("float32", DIALECT, palette=GRAPH, **of))
    assert len(few) == len({len(shape) for shape in GRAPHED["batch_norm"]})
    assert len(graphs(cases.batch_norms("float32", DIALECT, palette=Palette(), **of))) > 5 * len(few)


def test_the_shapes_of_a_rank_are_several() -> None:
    asked = drawn(cases.batch_norms("float32", DIALECT, regime="normal", training=True, palette=GRAPH))
    found = {case.x.shape for case in asked}
    assert found == set(GRAPHED["batch_norm"])


def test_few_stacks_have_every_kind_of_layer() -> None:
    found = drawn(stacks.stacks("float32", DIALECT, regime="normal", palette=GRAPH))
    assert {type(layer) for case in found for layer in case.layers} == {
        Activation, BatchNorm, Dense, Dropout, LayerNorm,
    }  # fmt: skip
    assert len({_torch_compile.key(case, "float32") for case in found}) == len(stacks.GRAPHED)
    assert len({case.x.tobytes() for case in found}) > len(stacks.GRAPHED)


def test_normalized_neurons_are_one_of_each_shape() -> None:
    found: list[Stack] = drawn(stacks.normalized_neurons("float32", DIALECT, regime="normal", palette=GRAPH))
    assert len({_torch_compile.key(case, "float32") for case in found}) <= 2


@pytest.mark.parametrize("fresh", ["shape", "configuration"])
def test_an_axis_is_a_shape_to_a_compiler(fresh: Any) -> None:
    palette = Palette(fresh=fresh)
    dialect = Dialect(channel_axes=(1, -1))
    normalized = drawn(cases.batch_norms("float32", dialect, regime="normal", training=True, palette=palette))
    assert len({(case.x.shape, case.channel_axis) for case in normalized}) == len(palette.warm("batch_norm"))
    assert {case.channel_axis for case in normalized} == {1, -1}
    layers = drawn(cases.layer_norms("float32", dialect, regime="normal", palette=palette))
    assert len({(case.x.shape, case.normalized_rank) for case in layers}) == len(palette.warm("layer_norm"))
    # A number is none, unless it is compiled into the program.
    each = {(case.x.shape, case.eps) for case in normalized}
    assert (len(each) > len(palette.warm("batch_norm"))) is (fresh == "shape")


@pytest.mark.parametrize(("clause", "fresh"), [("ACT.forward", "shape"), ("BN.forward", "shape"), ("ACT.grad", None)])
def test_forward_mode_may_compile_where_nothing_else_does(clause: str, fresh: str | None) -> None:
    for adapter, expected in ((TENSORFLOW, fresh), (ADAPTER, None)):
        exam = Examination(CLAUSES[clause], Subject(adapter.name, "tf.nn", dtype="float32"), adapter)
        assert exam.palette.fresh == expected


@pytest.mark.parametrize(("profile", "examples"), [("quick", 1), ("ci", 1), ("deep", 20)])
def test_what_is_alike_is_asked_less_often(profile: str, examples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "_chosen", profile)
    assert profiles.settings(alike=True).max_examples == examples
    assert profiles.settings().max_examples == profiles.EXAMPLES[profile]
