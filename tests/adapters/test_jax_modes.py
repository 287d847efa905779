"""The JAX adapter's modes, 16-bit dtypes and derivatives of higher kinds, against values worked out by hand."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from adapters import jax as adapter
from adapters.base import MIXED, SIXTEEN_BITS, Dropout, Subject, Unsupported
from tests.adapters.test_jax import ADAPTER, FLAX, SUBJECTS, arrays, batch_norm, dense, dropout, held, make, of_dtype

pytestmark = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")


@pytest.mark.parametrize("dtype", [*SIXTEEN_BITS, *MIXED])
@pytest.mark.parametrize("api", ["flax.nnx", "flax.linen"])
def test_statistics_are_never_kept_in_sixteen_bits(api: str, dtype: str) -> None:
    subject = Subject("jax", api, dtype=dtype)
    if subject in SUBJECTS:
        state = ADAPTER.ask(subject, batch_norm(subject)).state
        assert state["running_mean"].dtype == state["running_var"].dtype == "float32"


@pytest.mark.parametrize("mode", ADAPTER.modes)
@pytest.mark.parametrize("api", sorted({subject.api for subject in SUBJECTS} - {"jax.nn"}))
def test_forward_mode_and_second_derivatives(api: str, mode: str) -> None:
    """y = relu(w x + b) is linear: ty adds up, dxy is the tangent of ddx, and dxx is 0."""
    subject = Subject("jax", api, mode)
    tangents = {"x": of_dtype(subject, [1, 0]), "weight": held(subject, [0, 1], [0, 0], [1, 1])}
    case = dense(subject, tangents=tangents, ddx=of_dtype(subject, [1, 2]))
    arrays(ADAPTER.ask(subject, case), ty=[[1 + 2, 0, 2 + 3]], dxx=[[0, 0]], dxy=[[1, 0, 8]], y=[[6, 0, 7]])


@pytest.mark.parametrize("mode", ADAPTER.modes)
def test_a_tangent_of_a_parameter_alone(mode: str) -> None:
    for subject in (each for each in FLAX if each.mode == mode and each.dtype == "float32"):
        case = batch_norm(subject, training=False, dy=None, tangents={"beta": held(subject, 1, 2)})
        arrays(ADAPTER.ask(subject, case), ty=[[1, 2], [1, 2]])


@pytest.mark.parametrize("mode", ["jit", "vmap"])
def test_a_question_is_compiled_once(mode: str) -> None:
    import jax

    seen: list[str] = []
    jax.monitoring.register_event_duration_secs_listener(lambda event, _, **more: seen.append(event))
    for subject in (each for each in SUBJECTS if each.mode == mode and each.dtype == "float32"):
        for operation in {"batch_norm", "layer_norm", "dense", "prelu", "elu"} & ADAPTER.offers(subject):
            ADAPTER.ask(subject, make(subject, operation))
            seen.clear()
            other = make(subject, operation)
            ADAPTER.ask(subject, dataclasses.replace(other, x=other.x + 1))
            assert not [event for event in seen if "compile" in event], operation


@pytest.mark.parametrize("api", sorted({subject.api for subject in SUBJECTS} - {"jax.nn"}))
def test_dropout_has_one_mask_in_every_mode(api: str) -> None:
    first, *others = (Subject("jax", api, mode) for mode in ADAPTER.modes)
    want = ADAPTER.ask(first, dropout(first)).arrays
    for subject in others:
        arrays(ADAPTER.ask(subject, dropout(subject)), **want)


def test_flax_re_exports_the_activations() -> None:
    """That is why the compiled modes ask for them in jax.nn alone."""
    import jax

    apis = [importlib.import_module(api) for api in {subject.api for subject in SUBJECTS}]
    for name in adapter.REEXPORTED:
        spelt = adapter.SPELLINGS[name].name
        assert all(getattr(api, spelt) is getattr(jax.nn, spelt) for api in apis)


def test_what_was_compiled_is_forgotten_before_it_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    import jax

    forgotten = []
    monkeypatch.setattr(jax, "clear_caches", lambda: forgotten.append(True))
    monkeypatch.setattr(adapter, "_LOOK", 1)
    asked = adapter.Jax()
    asked._relieve(jax)
    assert not forgotten
    monkeypatch.setattr(adapter, "_PIECES", 1)
    asked._relieve(jax)
    assert forgotten == ([True] if Path("/proc/self/maps").exists() else [])


@pytest.mark.parametrize("shared", [(), (0,)])
@pytest.mark.parametrize("api", sorted({subject.api for subject in SUBJECTS} - {"jax.nn"}))
def test_lanes_draw_from_a_key_each_or_from_one(api: str, shared: tuple[int, ...]) -> None:
    subject, ones = Subject("jax", api, "vmap"), np.ones((4, 32, 33), np.float32)
    case = Dropout(x=ones, rate=0.5, training=True, seed=7, dy=ones, lanes=True, shared=shared)
    found = ADAPTER.ask(subject, case).arrays
    mask = found["y"] != 0
    assert (mask[0] == mask[1:]).all() == bool(shared)
    assert 0.4 < mask.mean() < 0.6
    np.testing.assert_array_equal(found["dx"], found["y"])
    with pytest.raises(Unsupported, match="as their keys are"):
        ADAPTER.ask(subject, dataclasses.replace(case, unsaid=True))
