"""``-k backend=torch``: what an expression comes to under pytest's own grammar."""

from __future__ import annotations

import pytest
from _pytest.mark.expression import Expression

from conformance import keyword
from conformance.keyword import KeywordError, identifiers, terms, translate

VALUES = {
    "backend": ["torch", "jax", "keras-torch"],
    "api": ["nn", "nn.functional", "flax.nnx"],
    "mode": ["eager"],
    "device": ["cpu"],
    "dtype": ["float32", "float64"],
    "activation": ["gelu", "gelu_tanh"],
    "clause": ["BN.train.output", "LN.samples-independent"],
}
SUBJECT = {"backend": "torch", "api": "nn.functional", "mode": "eager", "device": "cpu", "dtype": "float32"}
ID = "-".join(f"{axis}={value}" for axis, value in SUBJECT.items())


def selects(expression: str, test: str = "test_train_output", **axes: str) -> bool:
    """Whether pytest, which matches keywords as substrings, would run the test for the subject."""
    subject = SUBJECT | axes
    joined = "-".join(f"{axis}={value}" for axis, value in subject.items())
    names = {f"{test}[{joined}]", test, "test_batch_norm.py", *identifiers(subject)}

    def matches(name: str, /, **_: object) -> bool:
        return any(name.lower() in known.lower() for known in names)

    selected = Expression.compile(translate(expression, VALUES)).evaluate(matches)
    assert keyword.selector(expression)(subject) or not selected  # what pytest would run is collected
    return selected


@pytest.mark.parametrize(
    "expression",
    [
        "backend=torch",
        "backend=torch and dtype=float32",
        "not backend=jax",
        "not (backend=jax or dtype=float64)",
        "backend=jax or api=nn.functional",
        "train_output and backend=torch",
        "test_batch_norm and not dtype=float64",
        "(backend=torch)and(dtype=float32)",
        ID,
        f"test_train_output[{ID}]",
        f"conformance/suite/test_batch_norm.py::test_train_output[{ID}]",
        f"not test_train_grad[{ID}]",
        "backend=torch-dtype=float32",
        "train_output",
    ],
)
def test_selected(expression: str) -> None:
    assert selects(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "backend=jax",
        "not backend=torch",
        "api=nn",
        "api=nn or backend=jax",
        "train_grad and backend=torch",
        "backend=torch and dtype=float64",
        ID.replace("nn.functional", "nn"),
        f"test_train_grad[{ID}]",
        f"not {ID}",
        "not backend=torch-dtype=float32",
    ],
)
def test_not_selected(expression: str) -> None:
    assert not selects(expression)


def test_a_negated_id_excludes_that_subject_alone() -> None:
    assert selects(f"not {ID}", dtype="float64")
    assert selects("not backend=torch-dtype=float32", backend="jax")


def test_a_value_that_begins_or_ends_another() -> None:
    keras = {"backend": "keras-torch", "api": "keras"}
    assert selects("backend=keras-torch", **keras)
    assert selects(ID.replace("backend=torch", "backend=keras-torch"), backend="keras-torch")
    assert not selects("backend=torch", **keras)
    assert not selects("backend=keras-torch")
    assert selects("activation=gelu", activation="gelu")
    assert not selects("activation=gelu", activation="gelu_tanh")
    assert selects("clause=LN.samples-independent", clause="LN.samples-independent")
    assert not selects("clause=BN.train.output", clause="LN.samples-independent")


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("backend=thorch", "-k backend=thorch: unknown backend 'thorch'; known: jax, keras-torch, torch"),
        ("not dtype=f32", "-k dtype=f32: unknown dtype 'f32'; known: float32, float64"),
        ("framework=torch", "-k framework=torch: unknown axis 'framework'; known: backend, api, mode, device, dtype"),
        ("backend=torch-api=nnx", "-k api=nnx: unknown api 'nnx'"),
        ("test_train_output[backend=flax]", "unknown backend 'flax'"),
    ],
)
def test_what_does_not_exist(expression: str, told: str) -> None:
    with pytest.raises(KeywordError) as refusal:
        translate(expression, VALUES)
    assert told in str(refusal.value)


@pytest.mark.parametrize("expression", ["", "train_output", "a and not (b or c)", "test_x[1-2]", "test_a[x.y]"])
def test_ordinary_expressions_stay_as_they_are(expression: str) -> None:
    assert translate(expression, VALUES) == expression
    assert terms(expression) == []


def test_terms() -> None:
    assert terms(f"train_output and not {ID}") == list(SUBJECT.items())
    assert set(keyword.KNOWN) == set(VALUES)


@pytest.mark.parametrize(
    ("expression", "collected"),
    [
        ("backend=torch and dtype=float32", True),
        ("backend=torch and dtype=float64", False),
        ("backend=jax or dtype=float32", True),
        ("not (backend=jax or dtype=float64)", True),
        ("not backend=torch", False),
        ("not (backend=torch and activation=gelu)", True),
        ("clause=BN.train.output", False),  # the subject's test is of none
        ("train_output", True),
        ("not train_output", True),
        ("train_output and backend=jax", False),
        ("train_output or backend=jax", True),
        (f"test_train_grad[{ID}]", True),  # pytest knows the test's name
        (f"test_train_grad[{ID.replace('torch', 'jax')}]", False),
        (f"not test_train_grad[{ID}]", True),
        ("backend=torch and (", True),  # pytest says what is wrong
        ("", True),
    ],
)
def test_what_cannot_be_selected_is_not_collected(expression: str, collected: bool) -> None:
    assert keyword.selector(expression)(SUBJECT) == collected
