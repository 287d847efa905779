"""The textbook forms are the same functions as the sound ones: they part only where they cancel."""

from __future__ import annotations

import numpy as np
import pytest

from reference.activations import ACTIVATIONS
from reference.textbook import TEXTBOOK
from tests.reference.proof import PROOF

#: Where nothing cancels by more than a few digits.
X = np.linspace(-2.0, 2.0, 42)
CHANGED = sorted(name for name, activation in ACTIVATIONS.items() if TEXTBOOK[name] != activation)


def test_table_is_whole() -> None:
    assert set(TEXTBOOK) == set(ACTIVATIONS)
    assert set(CHANGED) >= {"tanh", "sigmoid", "gelu", "gelu_tanh", "elu", "selu", "softsign", "glu"}


@pytest.mark.parametrize("name", CHANGED)
def test_value_and_gradient_are_those_of_the_sound_form(name: str) -> None:
    sound, textbook = ACTIVATIONS[name], TEXTBOOK[name]
    y, want = textbook.forward(X), sound.forward(X)
    np.testing.assert_allclose(y, want, rtol=PROOF, atol=PROOF)
    dy = np.linspace(0.5, 1.5, want.size)
    np.testing.assert_allclose(textbook.gradient(dy, X), sound.gradient(dy, X), rtol=PROOF, atol=PROOF)


@pytest.mark.parametrize("name", CHANGED)
def test_higher_derivatives_are_those_of_the_sound_form(name: str) -> None:
    sound, textbook = ACTIVATIONS[name], TEXTBOOK[name]
    ddx = np.linspace(-1.0, 2.0, X.size)
    dy = np.linspace(0.5, 1.5, sound.forward(X).size)
    np.testing.assert_allclose(textbook.second(ddx, dy, X), sound.second(ddx, dy, X), rtol=PROOF, atol=PROOF)
    np.testing.assert_allclose(textbook.along(ddx, X), sound.along(ddx, X), rtol=PROOF, atol=PROOF)


@pytest.mark.parametrize(("name", "x"), [("tanh", 25.0), ("sigmoid", 45.0), ("gelu", -9.0), ("elu", -45.0)])
def test_gradient_is_lost_in_a_tail(name: str, x: float) -> None:
    at, one = np.array([x]), np.ones(1)
    assert ACTIVATIONS[name].gradient(one, at) != 0.0
    lost = np.abs(TEXTBOOK[name].gradient(one, at) / ACTIVATIONS[name].gradient(one, at) - 1.0)
    assert lost > 0.01
