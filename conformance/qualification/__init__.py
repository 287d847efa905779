"""The test of the test: planted faults that the suite must catch, and sound layers that it must leave alone.

A fault of one's own is a few lines over the control, whose every step is a method (``adapters/numpy.py``); the command
``conformance qualify --plant FILE`` puts it to the clause that it names, and says whether that catches it::

    from conformance.qualification import NumPy, fault

    @fault(clause="BN.train.output", category="epsilon", says="epsilon squared")
    class EpsilonSquared(NumPy):
        def inverse_root(self, var, eps):
            return super().inverse_root(var, eps * eps)
"""

from __future__ import annotations

from adapters.numpy import NumPy

from .registry import fault, sound

__all__ = ["NumPy", "fault", "sound"]
