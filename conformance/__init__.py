"""Differential conformance tests for the layers of deep-learning frameworks."""

__version__ = "0.1.0"
