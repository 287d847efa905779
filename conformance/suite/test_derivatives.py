"""Derivatives of higher kinds: forward mode, and second derivatives.

Both are held against the specification's own, element by element. That is sharper than the adjoint identity
<dy, J t> = <J^T dy, t>, which follows from it where the gradient conforms.
"""

from __future__ import annotations

from hypothesis import strategies as st

from adapters.base import Activation
from conformance import cases, directions
from conformance.examination import Examination, clause
from conformance.suite import test_activations, test_batch_norm, test_layer_norm, test_neuron


def activations(exam: Examination, *, gradient: bool = False) -> st.SearchStrategy[Activation]:
    """Where a layer is compiled whole each of these derivatives is a program of its own, and of one shape (but for
    prelu, whose shape says how many slopes it has); operation by operation the longest shape is left out.
    """
    shapes = exam.palette.warm("elementwise")
    if exam.palette.settled:
        among = shapes if exam.activation == "prelu" else shapes[-1:]
    else:
        among = shapes[:-1] if exam.palette.fresh else ()
    return test_activations.questions(exam, gradient=gradient, among=among)


@clause("ACT.second", regimes=cases.ELEMENTWISE)
def test_second(exam: Examination, data: st.DataObject) -> None:
    case = data.draw(directions.second(activations(exam, gradient=True)), label="case")
    exam.judge(case, exam.ask(case), ["dxx", "dxy"], n=test_activations.terms(case))


@clause("ACT.forward", regimes=cases.ELEMENTWISE)
def test_forward(exam: Examination, data: st.DataObject) -> None:
    case = data.draw(directions.forward(activations(exam), "alpha"), label="case")
    exam.judge(case, exam.ask(case), ["ty"], n=test_activations.terms(case))


@clause("BN.forward", regimes=cases.SQUARED)
def test_batch_norm_forward(exam: Examination, data: st.DataObject) -> None:
    training = data.draw(st.booleans(), label="training")
    asked = directions.forward(test_batch_norm.questions(exam, training=training, apart=True), "gamma", "beta")
    case = data.draw(asked, label="case")
    exam.judge(case, exam.ask(case), ["ty"], n=test_batch_norm.values_per_channel(case))


@clause("LN.forward", regimes=cases.SQUARED)
def test_layer_norm_forward(exam: Examination, data: st.DataObject) -> None:
    case = data.draw(directions.forward(test_layer_norm.questions(exam), "gain", "bias"), label="case")
    exam.judge(case, exam.ask(case), ["ty"], n=test_layer_norm.values_per_sample(case))


@clause("NE.forward", regimes=cases.LINEAR)
def test_neuron_forward(exam: Examination, data: st.DataObject) -> None:
    case = data.draw(directions.forward(test_neuron.questions(exam), "weight", "bias"), label="case")
    exam.judge(case, exam.ask(case), ["ty"], n=test_neuron.terms(case))


@clause("BN.second", regimes=cases.SQUARED)
def test_batch_norm_second(exam: Examination, data: st.DataObject) -> None:
    training = data.draw(st.booleans(), label="training")
    asked = directions.second(test_batch_norm.questions(exam, training=training, gradient=True, apart=True))
    case = data.draw(asked, label="case")
    exam.judge(case, exam.ask(case), ["dxx", "dxy"], n=test_batch_norm.values_per_channel(case))


@clause("LN.second", regimes=cases.SQUARED)
def test_layer_norm_second(exam: Examination, data: st.DataObject) -> None:
    case = data.draw(directions.second(test_layer_norm.questions(exam, gradient=True)), label="case")
    exam.judge(case, exam.ask(case), ["dxx", "dxy"], n=test_layer_norm.values_per_sample(case))


@clause("NE.second", regimes=cases.LINEAR)
def test_neuron_second(exam: Examination, data: st.DataObject) -> None:
    case = data.draw(directions.second(test_neuron.questions(exam, gradient=True)), label="case")
    exam.judge(case, exam.ask(case), ["dxx", "dxy"], n=test_neuron.terms(case))
