"""The bound is sharp: among sound layers the worst error comes near it, and none passes it.

Tightness is the worst error over bound with statistics of at most 64 values: near 1 is sharp, 1e-4 would be blind.
"""

from __future__ import annotations

import pytest

from conformance.qualification import bench
from conformance.qualification.registry import MILLIONS
from conformance.qualification.zoo import SOUND

#: Clauses that compare to the bit, count, look at shapes, or ask what none of these layers has (a second mode): there
#: is no bound to be near to.
EXACT = {
    "BN.eval.pure",
    "DO.eval",
    "DO.zero",
    "DO.one",
    "DO.rate",
    "DO.expectation",
    "DO.independent",
    "NE.shape",
    "NE.bias",
    "NE.bad-input",
    "ACT.special",
    "BN.empty",
    "BN.single",
    "BN.bad-input",
    "DO.seed",
    "DO.special",
    "DO.shape",
    "DO.bad-input",
    "LN.empty",
    "LN.bad-input",
    "BN.dtype",
    "LN.dtype",
    "NE.dtype",
    "DO.dtype",
    "ACT.dtype",
    "DO.calls",
    "DO.process",
    "DO.modes",
    "DO.neuron",
    "DO.gaussian",
    # Its scores are those of unit vectors, so that a mask can be read off: of exp(0) and exp(1) little is rounded.
    "DO.attention",
    # Of the layers below two are unsound there: a running sum of millions of ones stands still.
    *MILLIONS,
    "NET.variance-shift",
    "NET.expectation",
    "MODE.agree",
}
#: Sound layers that round as much as others do: the sums of a plain loop, the folded form, a root by its reciprocal.
ROUNDING = {"in-order", "reversed-order", "scale-and-offset", "reciprocal-root"}


@pytest.mark.parametrize("clause", sorted(set(bench.tests()) - EXACT))
def test_worst_error_of_sound_layers_is_near_the_bound(clause: str) -> None:
    rounding = [sound for sound in SOUND if sound.id in ROUNDING]
    worst = 0.0
    # Where each of them is the control over again, one will do.
    for sound in [each for each in rounding if each.answers(clause)] or rounding[:1]:
        for exam in bench.examinations(sound, clause):
            bench.tests()[clause](exam)
            worst = max(worst, exam.record.worst_small)
    assert 0.05 <= worst <= 1.0, f"{clause}: tightness {worst:.3g}"


def test_undecided_elements_are_few() -> None:
    for clause in sorted(set(bench.tests()) - EXACT):
        elements = undecided = 0
        for exam in bench.examinations(SOUND[0], clause):
            bench.tests()[clause](exam)
            elements += exam.record.elements
            undecided += exam.record.undecided
        assert undecided <= 0.1 * (elements + undecided), f"{clause}: {undecided} of {elements + undecided} undecided"
